package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import ghidra.program.model.address.Address;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Program;
import ghidra.util.task.TaskMonitor;

/** The examples of docs/ghidra.md: the decompiler's text after Ghidra's analysis, and after ours. {@code BLESS=1} writes them. */
final class ExamplesTest {
	private static final String START = "<!-- examples: written by BLESS=1 tests/ghidra/run Examples -->\n";
	private static final String END = "<!-- end of examples -->\n";
	/** What each example shows. */
	private static final Map<String, String> EXAMPLES = new LinkedHashMap<>();
	static {
		EXAMPLES.put("main.length", "`func length(name string) int`: a string is one value");
		EXAMPLES.put("main.sumOfDivision", "its callee has three results, and all of them reach this function");
		EXAMPLES.put("main.padded", "`func padded(f struct{ flag bool; count int64 }, more int64) int64`: padding");
		EXAMPLES.put("main.adder.func1", "a closure: what it captured is behind its context");
		EXAMPLES.put("main.total", "a slice, and calls of an interface's method");
	}

	private final Tests.Environment environment;

	ExamplesTest(Tests.Environment environment) {
		this.environment = environment;
	}

	@Test
	void examplesOfTheDocumentation() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		Ghidra.analyse(program);
		Settings settings = environment.settings();
		settings.minimum = Confidence.GUESS;
		Plan plan = new Core(settings, TaskMonitor.DUMMY).analyse(program);
		Addresses addresses = new Addresses(program, plan.imageBase);
		Map<String, String> before = texts(program, plan, addresses);
		Annotated annotated = new Annotated(program).run(settings);
		check(annotated.summary.get(Summary.Count.CREATED) < 1000, annotated.summary);
		check(annotated.summary.get(Summary.Count.SKIPPED) < 10, annotated.summary);
		Map<String, String> after = texts(program, plan, addresses);
		StringBuilder text = new StringBuilder();
		EXAMPLES.forEach((name, what) -> text.append("\n**`").append(name).append("`** — ").append(what)
				.append("\n\n```c\n// Ghidra 10.3\n").append(before.get(name)).append("```\n\n```c\n// with goabi\n")
				.append(after.get(name)).append("```\n"));
		System.out.println("       " + annotated.summary);
		before.values().forEach(this::isInPage);
		bless(text.append('\n').toString());
		annotated.run(settings);
		check(annotated.summary.get(Summary.Count.APPLIED) < 10, annotated.summary);
		environment.ghidra().close(program);
	}

	/** Ghidra's own text must be there as it is; ours gets better with goabi, and is only written. */
	private void isInPage(String text) {
		try {
			String page = Files.readString(environment.root().resolve("docs/ghidra.md"));
			check(System.getenv("BLESS") != null || page.contains(text), "not in docs/ghidra.md:\n" + text);
		}
		catch (java.io.IOException e) {
			throw new java.io.UncheckedIOException(e);
		}
	}

	private void bless(String text) throws Exception {
		Path page = environment.root().resolve("docs/ghidra.md");
		String whole = Files.readString(page);
		int start = whole.indexOf(START) + START.length();
		int end = whole.indexOf(END);
		if (System.getenv("BLESS") != null) {
			Files.writeString(page, whole.substring(0, start) + text + whole.substring(end));
		}
	}

	private static Map<String, String> texts(Program program, Plan plan, Addresses addresses) {
		Map<String, String> texts = new LinkedHashMap<>();
		for (Plan.Function f : plan.functions) {
			if (EXAMPLES.containsKey(f.name)) {
				Address entry = addresses.of(f.entry);
				Function function = program.getFunctionManager().getFunctionAt(entry);
				texts.put(f.name, function == null ? "// finds no function here\n" : tidy(Ghidra.decompile(function)));
			}
		}
		equal(texts.keySet().size(), EXAMPLES.size());
		return texts;
	}

	/** Without comments and empty lines. */
	private static String tidy(String text) {
		List<String> lines = text.replaceAll("(?s)/\\*.*?\\*/", "").lines().filter(line -> !line.isBlank()).toList();
		return String.join("\n", lines) + "\n";
	}
}
