package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;

import ghidra.framework.options.Options;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Program;
import ghidra.program.model.symbol.SourceType;

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
