package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;

import java.util.ArrayList;
import java.util.List;

import ghidra.program.model.listing.BookmarkType;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Program;
import ghidra.program.model.symbol.Reference;
import ghidra.util.exception.CancelledException;
import ghidra.util.task.TaskMonitor;
import ghidra.util.task.TaskMonitorAdapter;

/** One step back is back to where it was, after a whole run and after one that was cancelled in its middle. */
final class UndoTest {
	private final Tests.Environment environment;

	UndoTest(Tests.Environment environment) {
		this.environment = environment;
	}

	private Settings settings() {
		Settings settings = environment.settings();
		settings.minimum = Confidence.GUESS;
		return settings;
	}

	/** What a user sees of a program, in lines. */
	private static List<String> shown(Program program) {
		List<String> lines = new ArrayList<>();
		for (Function function : program.getFunctionManager().getFunctions(true)) {
			lines.add(function.getEntryPoint() + " " + function.getBody() + " " + function.getPrototypeString(true, true) + " " +
				function.getSignatureSource() + " " + function.getComment() + " " + function.getTags());
		}
		program.getSymbolTable().getAllSymbols(true).forEach(symbol -> lines.add(symbol.getAddress() + " " + symbol));
		program.getDataTypeManager().getAllDataTypes().forEachRemaining(type -> lines.add(type.getPathName()));
		program.getBookmarkManager().getBookmarksIterator(BookmarkType.ANALYSIS).forEachRemaining(mark -> lines.add("" + mark));
		for (var at : program.getListing().getCommentAddressIterator(program.getMemory(), true)) {
			lines.add(at + " " + Compat.preComment(program.getListing(), at));
		}
		for (var at : program.getReferenceManager().getReferenceSourceIterator(program.getMemory(), true)) {
			for (Reference reference : program.getReferenceManager().getReferencesFrom(at)) {
				lines.add(reference + " " + reference.getReferenceType());
			}
		}
		lines.add("" + program.getListing().getNumInstructions());
		for (var convention : program.getCompilerSpec().getCallingConventions()) {
			lines.add("convention " + convention.getName());
		}
		return lines;
	}

	@Test
	void oneStepBackIsWhereItWas() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		List<String> before = shown(program);
		Annotated annotated = new Annotated(program).run(settings());
		List<String> after = shown(program);
		check(after.size() > before.size() + 1000, after.size());
		program.undo();
		equal(shown(program), before);
		program.redo();
		equal(shown(program), after);
		program.undo();
		annotated.run(settings());
		equal(shown(program), after);
		environment.ghidra().close(program);
	}

	/** The user cancels while functions are annotated. */
	@Test
	void cancellingInTheMiddleIsOneStepToo() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		List<String> before = shown(program);
		TaskMonitor monitor = new TaskMonitorAdapter(true) {
			private boolean inFunctions;
			private int done;

			@Override
			public void setMessage(String message) {
				inFunctions = message.equals("goabi: functions");
			}

			@Override
			public void incrementProgress(long amount) {
				if (inFunctions && ++done == 500) {
					cancel();
				}
			}
		};
		Ghidra.transaction(program, () -> {
			try {
				new Annotator(program, settings(), monitor).run();
				throw new AssertionError("not cancelled");
			}
			catch (CancelledException e) {
				return null;
			}
		});
		int whole = 0;
		for (Function function : program.getFunctionManager().getFunctions(true)) {
			whole += function.hasCustomVariableStorage() ? 1 : 0;
		}
		check(whole > 100 && whole <= 500, whole + " functions were annotated");
		program.undo();
		equal(shown(program), before);
		environment.ghidra().close(program);
	}
}
