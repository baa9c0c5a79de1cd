package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;

import ghidra.app.util.importer.MessageLog;
import ghidra.framework.options.Options;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Program;
import ghidra.program.model.symbol.SourceType;
import ghidra.util.task.TaskMonitor;

/** Within Ghidra's auto-analysis, and beside Ghidra's own Go analyzer, which in 10.3 knows Go 1.18. */
final class AnalysisTest {
	private final Tests.Environment environment;

	AnalysisTest(Tests.Environment environment) {
		this.environment = environment;
	}

	private void enable(Program program) {
		Ghidra.transaction(program, () -> {
			Options options = program.getOptions(Program.ANALYSIS_PROPERTIES);
			options.setBoolean(GoCallingConventionAnalyzer.NAME, true);
			Options own = options.getOptions(GoCallingConventionAnalyzer.NAME);
			own.setString("goabi program", environment.goabi().toString());
			own.setEnum("Minimum confidence", Confidence.GUESS);
			return null;
		});
	}

	/** As the menu of one-shot analyzers calls it; with a program that is not there, and with the real one. */
	@Test
	void asOneShot() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		enable(program);
		GoCallingConventionAnalyzer analyzer = new GoCallingConventionAnalyzer();
		check(analyzer.canAnalyze(program) && analyzer.supportsOneTimeAnalysis(), "no one-shot");
		check(!analyzer.getDefaultEnablement(program), "on by default");
		Options options = program.getOptions(Program.ANALYSIS_PROPERTIES).getOptions(analyzer.getName());
		String goabi = options.getString("goabi program", "");
		MessageLog log = new MessageLog();
		Ghidra.transaction(program, () -> {
			analyzer.registerOptions(options, program);
			options.setString("goabi program", "/nowhere/goabi");
			analyzer.optionsChanged(options, program);
			return null;
		});
		long before = program.getModificationNumber();
		check(!Ghidra.transaction(program, () -> analyzer.added(program, program.getMemory(), TaskMonitor.DUMMY, log)), log);
		equal(program.getModificationNumber(), before);
		check(log.toString().contains("there is no goabi program at /nowhere/goabi"), log);
		analyzer.analysisEnded(program);
		check(Ghidra.transaction(program, () -> {
			options.setString("goabi program", goabi);
			analyzer.optionsChanged(options, program);
			return analyzer.added(program, program.getMemory(), TaskMonitor.DUMMY, log);
		}), log);
		equal(new Annotated(program).places("main.length"), "long@RAX:8 (go_i64x2 a1@RBX:8,RAX:8)");
		environment.ghidra().close(program);
	}

	@Test
	void afterGhidrasOwnGoAnalyzer() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("go1.18"), "x86:LE:64:default", "golang");
		enable(program);
		Ghidra.analyse(program);
		Annotated calls = new Annotated(program);
		Function divide = calls.function("main.divide");
		equal(divide.getReturn().getVariableStorage().toString(), "RCX:8,RBX:8,RAX:8");
		equal(divide.getCallingConventionName(), "abi-internal");
		int imported = 0;
		for (Function function : program.getFunctionManager().getFunctions(true)) {
			imported += function.getSignatureSource() == SourceType.IMPORTED ? 1 : 0;
		}
		System.out.println("       imported signatures: " + imported);
		Settings settings = environment.settings();
		settings.minimum = Confidence.GUESS;
		calls.run(settings);
		System.out.println("       " + calls.summary);
		equal(calls.summary.get(Summary.Count.APPLIED), 0);
		environment.ghidra().close(program);
	}
}
