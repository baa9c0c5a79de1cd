package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;
import static goabi.Tests.has;

import java.util.Arrays;
import java.util.Set;

import ghidra.program.model.address.Address;
import ghidra.program.model.address.AddressSet;
import ghidra.program.model.data.DataType;
import ghidra.program.model.data.LongDataType;
import ghidra.program.model.data.Structure;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Function.FunctionUpdateType;
import ghidra.program.model.listing.FunctionSignature;
import ghidra.program.model.listing.ParameterImpl;
import ghidra.program.model.listing.Program;
import ghidra.program.model.pcode.HighFunction;
import ghidra.program.model.pcode.HighFunctionDBUtil;
import ghidra.program.model.symbol.FlowType;
import ghidra.program.model.symbol.Reference;
import ghidra.program.model.symbol.SourceType;
import ghidra.program.model.symbol.Symbol;
import ghidra.util.task.TaskMonitor;

/** tests/programs/calls, built by Go 1.27 and stripped: what Ghidra itself makes nothing of. */
final class StrippedTest {
	private static final String USERS = "main.divide";

	private final Tests.Environment environment;
	private final Annotated calls;
	private final Summary first;

	/** Loads and annotates; one function has a signature of the user before. */
	StrippedTest(Tests.Environment environment) throws Exception {
		this.environment = environment;
		calls = new Annotated(environment.ghidra().load(environment.programs().resolve("elf"))).run(settings());
		first = calls.summary;
	}

	private Settings settings() {
		Settings settings = environment.settings();
		settings.minimum = Confidence.GUESS;
		return settings;
	}

	@Test
	void everyFunctionIsThere() {
		check(first.get(Summary.Count.FUNCTIONS) > 1000, first);
		equal(first.get(Summary.Count.SKIPPED), 0);
		check(first.get(Summary.Count.APPLIED) > 8 * first.get(Summary.Count.UNKNOWN), first);
	}

	@Test
	void placesAreGos() {
		equal(calls.places("main.length"), "long@RAX:8 (go_i64x2 a1@RBX:8,RAX:8)");
		equal(calls.places("main.divide"),
			"go_ret_int64_int64_int8@RCX:8,RBX:8,RAX:8 (long a1@RAX:8, long a2@RBX:8)");
		equal(calls.places("main.padded"), "long@RAX:8 (go_i8_i64 a1@RBX:8,RAX:8, long a2@RCX:8)");
		equal(calls.places("main.adder.func1"), "long@RAX:8 (long a1@RAX:8, void * ctx@RDX:8)");
		equal(calls.places("main.(*square).area"), "long@RAX:8 (main_square * a1@RAX:8, long a2@RBX:8)");
		equal(calls.places("main.main"), "void@<VOID> ()");
	}

	@Test
	void theConventionsWereAdded() {
		// Later releases than 10.3 see that it is Go, and load it with a specification that has both.
		boolean asGo = calls.program.getCompilerSpec().getCompilerSpecID().getIdAsString().equals("golang");
		equal(first.get(Summary.Count.CONVENTIONS), asGo ? 0 : 2);
		equal(calls.function("main.divide").getCallingConventionName(), "abi-internal");
		equal(calls.function("runtime.memclrNoHeapPointers").getCallingConventionName(), "abi-internal");
		check(calls.function("runtime.gopanic").hasNoReturn(), "gopanic returns");
	}

	@Test
	void structuresHaveGosOffsets() {
		Structure padded = (Structure) calls.function("main.padded").getParameter(0).getDataType();
		equal(padded.getCategoryPath().toString(), "/golang/goabi");
		equal(padded.getLength(), 16);
		equal(Arrays.stream(padded.getDefinedComponents()).map(c -> c.getOffset() + ":" + c.getLength()).toList().toString(),
			"[0:1, 8:8]");
	}

	@Test
	void commentsAndTags() {
		Function divide = calls.function("main.divide");
		equal(divide.getComment().lines().toList().get(0), "goabi: func divide(a1 word, a2 word) (word, word, word8)");
		equal(divide.getComment().lines().toList().get(1),
			"goabi: parameters exact (arg_info), results likely (code)");
		equal(tags("main.adder.func1"), "[GO_CLOSURE]");
		equal(tags("main.divide"), "[]");
		equal(tags("main.onStack"), "[GO_STACK_RESULTS]");
		equal(calls.function("main.onStack").getRepeatableComment(), "goabi: results in [SP+0]:8, [SP+8]:8, [SP+16]:8");
	}

	private String tags(String name) {
		return calls.function(name).getTags().stream().map(tag -> tag.getName()).sorted().toList().toString();
	}

	@Test
	void aStringIsOneValue() {
		has(calls.decompile("main.length"), "long abi-internal main_length(go_i64x2 a1)", "a1.f1 + ", "a1.f0");
	}

	@Test
	void severalResultsReachTheCaller() {
		String text = calls.decompile("main.sumOfDivision");
		has(text, "= main_divide(a1,a2);", ".r0", ".r1", ".r2");
	}

	@Test
	void paddingIsNoValue() {
		has(calls.decompile("main.padded"), "a1.f0", "a1.f1", "a2");
	}

	@Test
	void aClosureKnowsItsContext() {
		has(calls.decompile("main.adder.func1"), "(long a1,void *ctx)", "*(long *)((long)ctx + 8)", "a1");
	}

	@Test
	void theSecondRunChangesNothing() {
		equal(calls.changes(settings()), Set.of());
		equal(calls.summary.get(Summary.Count.APPLIED), 0);
		check(calls.summary.get(Summary.Count.UNCHANGED) > 1000, calls.summary);
	}

	@Test
	void whatTheUserSetSurvives() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		long entry = calls.function(USERS).getEntryPoint().getOffset();
		Function users = Ghidra.transaction(program, () -> {
			var at = program.getAddressFactory().getDefaultAddressSpace().getAddress(entry);
			new ghidra.app.cmd.disassemble.DisassembleCommand(at, null, true).applyTo(program);
			new ghidra.app.cmd.function.CreateFunctionCmd(at).applyTo(program);
			Function function = program.getFunctionManager().getFunctionAt(at);
			function.setName("mine", SourceType.USER_DEFINED);
			function.setComment("my comment");
			function.updateFunction("__stdcall", null, FunctionUpdateType.DYNAMIC_STORAGE_FORMAL_PARAMS, true,
				SourceType.USER_DEFINED,
				new ParameterImpl("kept", LongDataType.dataType, program, SourceType.USER_DEFINED));
			return function;
		});
		String before = users.getPrototypeString(true, true);
		Annotated annotated = new Annotated(program);
		Settings one = settings();
		one.only = users.getEntryPoint();
		annotated.run(one);
		equal(users.getPrototypeString(true, true), before);
		equal(annotated.summary.skipped().toString(), "{set by the user=1}");
		equal(users.getName(), "mine");
		check(users.getComment().startsWith("my comment\ngoabi: func divide"), users.getComment());
		environment.ghidra().close(program);
	}

	@Test
	void aParameterThatTheUserNamedKeepsItsName() {
		Function scale = calls.function("main.scale");
		Ghidra.transaction(calls.program, () -> {
			scale.getParameter(0).setName("factor", SourceType.USER_DEFINED);
			scale.getParameter(1).setDataType(ghidra.program.model.data.DWordDataType.dataType, SourceType.IMPORTED);
			return null;
		});
		Settings one = settings();
		one.only = scale.getEntryPoint();
		calls.run(one);
		equal(calls.summary.get(Summary.Count.APPLIED), 1);
		equal(scale.getParameter(0).getName(), "factor");
	}

	@Test
	void anImportedSignatureIsReplacedOnlyWhenThatIsWanted() {
		Function area = calls.function("main.(*square).area");
		Function divide = calls.function("main.divide");
		Ghidra.transaction(calls.program, () -> {
			for (Function function : new Function[] { area, divide }) {
				function.updateFunction("__stdcall", null, FunctionUpdateType.DYNAMIC_STORAGE_FORMAL_PARAMS, true,
					SourceType.IMPORTED);
			}
			return null;
		});
		calls.run(settings());
		equal(calls.summary.skipped().toString(), "{imported=2}");
		Settings override = settings();
		override.overrideImported = true;
		calls.run(override);
		equal(area.getParameterCount(), 2);
		equal(calls.summary.skipped().toString(), "{imported, and goabi is not exact=1}");
		equal(divide.getCallingConventionName(), "__stdcall");
		Ghidra.transaction(calls.program, () -> {
			divide.setSignatureSource(SourceType.DEFAULT);
			return null;
		});
		calls.run(settings());
		equal(divide.getCallingConventionName(), "abi-internal");
	}

	@Test
	void aTypeThatTheUserImprovedStays() {
		DataType type = calls.program.getDataTypeManager().getDataType(DataTypes.OURS, "main_square");
		Ghidra.transaction(calls.program, () -> {
			((Structure) type).getComponent(0).setFieldName("edge");
			return null;
		});
		calls.run(settings());
		equal(((Structure) type).getComponent(0).getFieldName(), "edge");
	}

	/** A function that Ghidra ended too early, with a nameless one in its middle, and one without types and comments. */
	@Test
	void boundariesAreRepairedWhenThatIsWanted() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		var space = program.getAddressFactory().getDefaultAddressSpace();
		var entry = space.getAddress(calls.function("main.total").getEntryPoint().getOffset());
		var inside = space.getAddress(calls.function("main.total").getBody().getMaxAddress().getOffset()).subtract(40);
		Ghidra.transaction(program, () -> {
			var functions = program.getFunctionManager();
			functions.createFunction(null, inside, new AddressSet(inside, inside.add(8)), SourceType.DEFAULT);
			return functions.createFunction(null, entry, new AddressSet(entry, entry.add(16)), SourceType.DEFAULT);
		});
		Settings settings = settings();
		settings.types = false;
		settings.comments = false;
		settings.only = entry;
		Annotated total = new Annotated(program).run(settings);
		check(program.getFunctionManager().getFunctionAt(inside) != null, "removed without being asked");
		equal(total.places("main.total"), "undefined8@RAX:8 (bytes_24 a1@RCX:8,RBX:8,RAX:8, undefined8 a2@RDI:8)");
		equal(total.function("main.total").getComment(), null);
		settings.repairBoundaries = true;
		total.run(settings);
		equal(total.summary.get(Summary.Count.REPAIRED), 1);
		equal(program.getFunctionManager().getFunctionAt(inside), null);
		equal(total.function("main.total").getBody().getMaxAddress().getOffset(),
			calls.function("main.total").getBody().getMaxAddress().getOffset());
		total.run(settings);
		equal(total.summary.get(Summary.Count.REPAIRED), 0);
		environment.ghidra().close(program);
	}

	@Test
	void aDryRunChangesNothing() throws Exception {
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		Settings dry = settings();
		dry.dryRun = true;
		Annotated annotated = new Annotated(program);
		equal(annotated.changes(dry), Set.of());
		check(annotated.summary.get(Summary.Count.CREATED) > 1000, annotated.summary);
		environment.ghidra().close(program);
	}

	/** Every call of the real plan: its signature, whom it reaches, what is said of it. */
	@Test
	void callsHaveWhatThePlanSays() throws Exception {
		Plan plan = new Core(settings(), TaskMonitor.DUMMY).analyse(calls.program);
		Addresses addresses = new Addresses(calls.program, plan.imageBase);
		int overrides = 0;
		int direct = 0;
		int comments = 0;
		for (Plan.CallSite site : plan.callSites) {
			Address at = addresses.of(site.at);
			FlowType flow = calls.program.getListing().getInstructionAt(at).getFlowType();
			boolean computed = flow.isComputed();
			for (String line : site.comment) {
				comments++;
				check(Compat.preComment(calls.program.getListing(), at).contains("goabi: " + line), at);
			}
			if (computed && site.targets.size() == 1) {
				direct++;
				Reference[] references = calls.program.getReferenceManager().getReferencesFrom(at);
				// Ghidra has no override for a jump: it gets where it goes.
				check(Arrays.stream(references).anyMatch(one -> one.getToAddress().equals(addresses.of(site.targets.get(0))) &&
					(flow.isCall() ? one.isPrimary() && one.getReferenceType().isOverride() : one.getReferenceType().isJump())), at);
			}
			else if (computed && site.signature != null) {
				overrides++;
				FunctionSignature signature = override(at);
				equal(signature.getArguments().length, site.signature.params.size());
				equal(signature.getReturnType().getLength(), site.signature.ret == null ? 0 : site.signature.ret.size);
				equal(signature.getCallingConventionName(), site.signature.convention);
			}
		}
		check(overrides >= 10 && direct >= 5 && comments >= 50, overrides + " " + direct + " " + comments);
	}

	private FunctionSignature override(Address at) {
		Function caller = calls.program.getFunctionManager().getFunctionContaining(at);
		var space = HighFunction.findOverrideSpace(caller);
		for (Symbol symbol : calls.program.getSymbolTable().getSymbols(space)) {
			if (symbol.getAddress().equals(at)) {
				return (FunctionSignature) HighFunctionDBUtil.readOverride(symbol).getDataType();
			}
		}
		throw new AssertionError("no signature at " + at);
	}

	@Test
	void storageIsThatOfTheReport() throws Exception {
		ReportStorage.compare(calls.program, environment).check();
	}
}
