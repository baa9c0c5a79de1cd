package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;
import static goabi.Tests.has;

import java.io.StringReader;
import java.util.Set;

import ghidra.program.model.address.Address;
import ghidra.program.model.listing.BookmarkType;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Instruction;
import ghidra.program.model.symbol.RefType;
import ghidra.program.model.symbol.Reference;
import ghidra.util.task.TaskMonitor;

/** Call sites and marks, with plans made by hand: what they say is tested where it is found out. */
final class CallSiteTest {
	private final Annotated calls;
	private final Tests.Environment environment;
	private final Plan plan;

	CallSiteTest(Tests.Environment environment) throws Exception {
		this.environment = environment;
		calls = new Annotated(environment.ghidra().load(environment.programs().resolve("elf"))).run(quiet());
		plan = new Core(settings(), TaskMonitor.DUMMY).analyse(calls.program);
		plan.callSites = java.util.List.of();
		plan.marks = java.util.List.of();
	}

	private Settings quiet() {
		Settings quiet = settings();
		quiet.callSites = false;
		return quiet;
	}

	private Settings settings() {
		Settings settings = environment.settings();
		settings.minimum = Confidence.GUESS;
		return settings;
	}

	private void apply(String lists) throws Exception {
		String head = "{\"schema\":\"goabi.ghidra-plan/1\",\"image_base\":\"0x400000\",\"pointer_size\":8,";
		Plan made = new PlanReader().read(new StringReader(head + lists + "}"));
		plan.callSites = made.callSites;
		plan.marks = made.marks;
		Ghidra.transaction(calls.program,
			() -> calls.summary = new Annotator(calls.program, settings(), TaskMonitor.DUMMY).apply(plan));
	}

	private Address indirectCall(String function) {
		var body = calls.function(function).getBody();
		for (Instruction instruction : calls.program.getListing().getInstructions(body, true)) {
			if (instruction.getFlowType().isCall() && instruction.getFlowType().isComputed()) {
				return instruction.getAddress();
			}
		}
		throw new AssertionError("no indirect call in " + function);
	}

	private String site(String function, String rest) {
		return "\"call_sites\":[{\"at\":\"0x" + indirectCall(function) + "\",\"in\":\"0x" +
			calls.function(function).getEntryPoint() + "\",\"kind\":\"closure\"," + rest + "}]";
	}

	@Test
	void aClosureCallHasItsArgument() throws Exception {
		String word = "{\"name\":\"n\",\"kind\":\"int\",\"size\":8}";
		String site = site("main.apply", "\"comment\":[\"passes n\"],\"override\":" +
			"{\"convention\":\"abi-internal\",\"ret\":{\"kind\":\"int\",\"size\":8},\"params\":[" + word + "]}");
		apply(site);
		equal(calls.summary.get(Summary.Count.CALL_SITES), 1);
		has(calls.decompile("main.apply"), ")(a2)", "/* goabi: passes n */");
		apply(site);
		equal(calls.summary.get(Summary.Count.CALL_SITES), 0);
		equal(calls.summary.get(Summary.Count.COMMENTS), 0);
	}

	@Test
	void aCallWithOneTargetIsDirect() throws Exception {
		Function area = calls.function("main.(*square).area");
		apply(site("main.total", "\"targets\":[\"0x" + area.getEntryPoint() + "\"]"));
		equal(calls.summary.get(Summary.Count.REFERENCES), 1);
		Reference[] references = calls.program.getReferenceManager().getReferencesFrom(indirectCall("main.total"));
		check(references[0].isPrimary() && references[0].getReferenceType() == RefType.CALL_OVERRIDE_UNCONDITIONAL,
			references[0]);
		has(calls.decompile("main.total"), "main___square__area(");
	}

	@Test
	void aCallWithSeveralTargetsHasReferences() throws Exception {
		String targets = "\"targets\":[\"0x" + calls.function("main.escape").getEntryPoint() + "\",\"0x" +
			calls.function("main.length").getEntryPoint() + "\"]";
		apply(site("main.apply", targets));
		equal(calls.summary.get(Summary.Count.REFERENCES), 2);
		apply(site("main.apply", targets));
		equal(calls.summary.get(Summary.Count.REFERENCES), 0);
	}

	@Test
	void marksAreBookmarks() throws Exception {
		Address at = calls.function("main.escape").getEntryPoint();
		apply("\"marks\":[{\"at\":\"0x" + at + "\",\"role\":\"crosscall2\",\"symbol\":\"crosscall2\"," +
			"\"comment\":[\"crosscall2\",\"from C to Go\"]}]");
		equal(calls.program.getBookmarkManager().getBookmark(at, BookmarkType.ANALYSIS, "goabi").getComment(), "crosscall2");
		equal(Compat.preComment(calls.program.getListing(), at), "goabi: crosscall2\ngoabi: from C to Go");
		equal(calls.function("main.escape").getName(), "main.escape");
	}

	@Test
	void aPlaceThatIsNoCallIsNoted() throws Exception {
		String entry = "0x" + calls.function("main.escape").getEntryPoint();
		apply("\"call_sites\":[{\"at\":\"" + entry + "\",\"in\":\"" + entry + "\"}]");
		equal(Set.copyOf(calls.summary.notes()), Set.of("there is no call at " + entry.replaceFirst("^0x0+", "0x")));
	}
}
