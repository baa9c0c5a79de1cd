package goabi;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Runs all tests in one Java process, because Ghidra takes long to start: {@code Tests GOABI PROGRAMS ROOT [REGEX]}. Each
 * class of tests gets the environment; each of its methods marked {@link Test} is one test.
 */
final class Tests {
	private static final List<Class<?>> CLASSES = List.of(CoreTest.class, StrippedTest.class, CallSiteTest.class,
		FormatsTest.class, UndoTest.class, AnalysisTest.class, ExamplesTest.class, HeadlessTest.class);

	/** What tests get: a Ghidra, the built goabi program, the folder of test programs, and the checkout. */
	record Environment(Ghidra ghidra, Path goabi, Path programs, Path root) {
		Settings settings() {
			Settings settings = new Settings();
			settings.program = goabi.toString();
			return settings;
		}
	}

	private Tests() {
	}

	public static void main(String[] args) throws Exception {
		Environment environment = new Environment(new Ghidra(), Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
		String only = args.length > 3 ? args[3] : "";
		int run = 0;
		int failed = 0;
		for (Class<?> tests : CLASSES) {
			List<Method> methods = Arrays.stream(tests.getDeclaredMethods())
					.filter(method -> method.isAnnotationPresent(Test.class))
					.filter(method -> (tests.getSimpleName() + "." + method.getName()).matches(".*" + only + ".*"))
					.sorted(Comparator.comparing(Method::getName))
					.toList();
			Object instance = methods.isEmpty() ? null
					: tests.getDeclaredConstructor(Environment.class).newInstance(environment);
			for (Method method : methods) {
				run++;
				failed += passes(instance, method) ? 0 : 1;
			}
		}
		System.out.println(run + " tests, " + failed + " failed");
		System.exit(failed > 0 || run == 0 ? 1 : 0);
	}

	private static boolean passes(Object instance, Method method) throws IllegalAccessException {
		String name = instance.getClass().getSimpleName() + "." + method.getName();
		long start = System.nanoTime();
		Throwable failure = null;
		try {
			method.invoke(instance);
		}
		catch (InvocationTargetException e) {
			failure = e.getCause();
		}
		System.out.printf("%s %s (%.1f s)%n", failure == null ? "ok    " : "FAILED", name,
			(System.nanoTime() - start) / 1e9);
		if (failure != null) {
			failure.printStackTrace(System.out);
		}
		return failure == null;
	}

	static void equal(Object got, Object wanted) {
		if (!java.util.Objects.equals(got, wanted)) {
			throw new AssertionError("\n   got: " + got + "\nwanted: " + wanted);
		}
	}

	static void check(boolean good, Object what) {
		if (!good) {
			throw new AssertionError(String.valueOf(what));
		}
	}

	/** That a text has these parts, blanks and line ends not counted. */
	static void has(String text, String... parts) {
		String dense = text.replaceAll("\\s+", "");
		for (String part : parts) {
			check(dense.contains(part.replaceAll("\\s+", "")), "no \"" + part + "\" in:\n" + text);
		}
	}
}
