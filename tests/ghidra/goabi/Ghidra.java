package goabi;

import java.io.File;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import ghidra.GhidraApplicationLayout;
import ghidra.GhidraJarApplicationLayout;
import ghidra.app.decompiler.DecompInterface;
import ghidra.app.decompiler.DecompileResults;
import ghidra.app.plugin.core.analysis.AutoAnalysisManager;
import ghidra.app.util.importer.AutoImporter;
import ghidra.app.util.importer.MessageLog;
import ghidra.framework.Application;
import ghidra.framework.HeadlessGhidraApplicationConfiguration;
import ghidra.framework.options.Options;
import ghidra.program.model.lang.CompilerSpecID;
import ghidra.program.model.lang.LanguageID;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Program;
import ghidra.program.util.DefaultLanguageService;
import ghidra.util.classfinder.ClassSearcher;
import ghidra.util.task.TaskMonitor;

/** A real Ghidra in this process: the one of the jar, or the installed one that the property {@code ghidra} names. */
final class Ghidra {
	private final Object consumer = new Object();

	Ghidra() throws Exception {
		HeadlessGhidraApplicationConfiguration configuration = new HeadlessGhidraApplicationConfiguration();
		configuration.setInitializeLogging(false);
		String installed = System.getProperty("ghidra", "");
		if (!installed.isEmpty()) {
			Application.initializeApplication(new GhidraApplicationLayout(new File(installed)), configuration);
			return;
		}
		Application.initializeApplication(new GhidraJarApplicationLayout(), configuration);
		addAnalyzer();
	}

	/** The program of an import; since 11.4 that takes another user of it. */
	private Program program(Object results, String method) throws ReflectiveOperationException {
		try {
			return (Program) results.getClass().getMethod(method, Object.class).invoke(results, consumer);
		}
		catch (NoSuchMethodException e) {
			return (Program) results.getClass().getMethod(method).invoke(results);
		}
	}

	/** Out of one jar, Ghidra takes the extension points from a list in it; an installed one finds them by itself. */
	@SuppressWarnings("unchecked")
	private static void addAnalyzer() throws ReflectiveOperationException {
		Field known = ClassSearcher.class.getDeclaredField("extensionPoints");
		known.setAccessible(true);
		List<Class<?>> classes = new ArrayList<>((List<Class<?>>) known.get(null));
		classes.add(GoCallingConventionAnalyzer.class);
		known.set(null, classes);
	}

	/** Imports a file as Ghidra does by itself. */
	Program load(Path file) throws Exception {
		var results = AutoImporter.importByUsingBestGuess(file.toFile(), null, null, consumer, new MessageLog(),
			TaskMonitor.DUMMY);
		return program(results, "getPrimaryDomainObject");
	}

	/** Imports a file with a chosen language and compiler specification. */
	Program load(Path file, String language, String compiler) throws Exception {
		var lcs = DefaultLanguageService.getLanguageService().getLanguage(new LanguageID(language));
		var results = AutoImporter.importByLookingForLcs(file.toFile(), null, null, lcs,
			lcs.getCompilerSpecByID(new CompilerSpecID(compiler)), consumer, new MessageLog(), TaskMonitor.DUMMY);
		return program(results, "getPrimaryDomainObject");
	}

	/** Imports a file that has no format. */
	Program loadRaw(Path file, String language, String compiler) throws Exception {
		var lcs = DefaultLanguageService.getLanguageService().getLanguage(new LanguageID(language));
		return program(AutoImporter.importAsBinary(file.toFile(), null, null, lcs,
			lcs.getCompilerSpecByID(new CompilerSpecID(compiler)), consumer, new MessageLog(), TaskMonitor.DUMMY), "getDomainObject");
	}

	void close(Program program) {
		program.release(consumer);
	}

	/** Runs auto-analysis to its end. */
	static void analyse(Program program) {
		transaction(program, () -> {
			AutoAnalysisManager manager = AutoAnalysisManager.getAnalysisManager(program);
			manager.initializeOptions();
			manager.reAnalyzeAll(null);
			manager.startAnalysis(TaskMonitor.DUMMY);
			return null;
		});
	}

	/** Something that changes a program. */
	interface Change<T> {
		T make() throws Exception;
	}

	static <T> T transaction(Program program, Change<T> change) {
		int id = program.startTransaction("test");
		try {
			return change.make();
		}
		catch (RuntimeException e) {
			throw e;
		}
		catch (Exception e) {
			throw new AssertionError(e);
		}
		finally {
			program.endTransaction(id, true);
		}
	}

	/** The decompiler's text of a function, without the comment above it. */
	static String decompile(Function function) {
		DecompInterface decompiler = new DecompInterface();
		try {
			decompiler.openProgram(function.getProgram());
			DecompileResults results = decompiler.decompileFunction(function, 60, TaskMonitor.DUMMY);
			if (results.getDecompiledFunction() == null) {
				throw new AssertionError("not decompiled: " + results.getErrorMessage());
			}
			return results.getDecompiledFunction().getC();
		}
		finally {
			decompiler.dispose();
		}
	}
}
