package goabi;

import ghidra.program.model.address.Address;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Program;
import ghidra.program.model.symbol.SourceType;
import ghidra.program.model.symbol.Symbol;
import ghidra.util.exception.CancelledException;
import ghidra.util.exception.DuplicateNameException;
import ghidra.util.exception.InvalidInputException;
import ghidra.util.task.TaskMonitor;
import goabi.Summary.Count;

/**
 * Annotates a program: the one class that the analyzer, the scripts and the tests use. The caller has a transaction
 * open, which is what an undo takes back.
 */
public final class Annotator {
	private final Program program;
	private final Settings settings;
	private final TaskMonitor monitor;
	private final Summary summary = new Summary();

	/**
	 * @param program the program to annotate
	 * @param settings what to do
	 * @param monitor for progress and cancelling
	 */
	public Annotator(Program program, Settings settings, TaskMonitor monitor) {
		this.program = program;
		this.settings = settings;
		this.monitor = monitor;
	}

	/**
	 * Runs goabi and applies what it says. Until goabi's whole answer is read and checked, nothing is changed.
	 *
	 * @return what was done
	 * @throws CoreException if goabi gave no usable answer; the program is as it was
	 * @throws CancelledException if the user cancelled
	 */
	public Summary run() throws CoreException, CancelledException {
		long start = System.nanoTime();
		Plan plan = new Core(settings, monitor).analyse(program);
		long read = System.nanoTime();
		apply(plan);
		summary.times((read - start) / 1_000_000, (System.nanoTime() - read) / 1_000_000);
		return summary;
	}

	/** Applies a plan, after a last check that it is about this program. */
	Summary apply(Plan whole) throws CoreException, CancelledException {
		Addresses addresses = new Addresses(program, whole.imageBase);
		addresses.check(whole.functions);
		boolean all = settings.only == null;
		apply(all ? whole : whole.only(f -> settings.only.equals(addresses.of(f.entry))), addresses);
		return summary;
	}

	private void apply(Plan plan, Addresses addresses) throws CancelledException {
		plan.notes.forEach(summary::note);
		Conventions conventions = new Conventions(program);
		if (settings.conventions && !settings.dryRun) {
			conventions.addMissing(plan.conventions, summary, monitor);
		}
		monitor.setMessage("goabi: data types");
		DataTypes types = new DataTypes(program, plan, settings, summary);
		types.makeAll(monitor);
		Comments comments = new Comments(program, settings, summary);
		functions(plan, addresses, new Signatures(program, types, conventions, settings), comments);
		if (settings.callSites && !settings.dryRun) {
			CallSites sites = new CallSites(program, addresses, types, conventions, comments, summary);
			for (Plan.CallSite site : plan.callSites) {
				monitor.checkCancelled();
				sites.apply(site);
			}
		}
		marks(plan, addresses, comments);
		comments.write();
	}

	private void functions(Plan plan, Addresses addresses, Signatures signatures, Comments comments)
			throws CancelledException {
		Functions functions = new Functions(program, plan, addresses, settings, summary);
		monitor.setMessage("goabi: finding functions");
		functions.createMissing(plan.functions, monitor);
		monitor.initialize(plan.functions.size());
		monitor.setMessage("goabi: functions");
		for (Plan.Function f : plan.functions) {
			monitor.checkCancelled();
			monitor.incrementProgress(1);
			summary.count(Count.FUNCTIONS);
			Function function = functions.find(f);
			if (function == null) {
				summary.skip("no function there");
				continue;
			}
			one(function, f, f.symbol, signatures, comments);
			for (Function other : functions.others(f)) {
				long inside = other.getEntryPoint().subtract(function.getEntryPoint());
				summary.count(Count.ENTRIES);
				one(other, f, f.symbol + "+0x" + Long.toHexString(inside), signatures, comments);
			}
		}
	}

	private void one(Function function, Plan.Function f, String name, Signatures signatures, Comments comments) {
		String was = settings.details ? function.getPrototypeString(false, true) : null;
		name(function, name);
		Signatures.Done done = signatures.apply(function, f);
		count(done);
		noreturn(function, f);
		comments.function(function, f, done.inComment());
		if (settings.details) {
			String is = function.getPrototypeString(false, true);
			String why = done.why() == null ? done.outcome().name().toLowerCase(java.util.Locale.ROOT) : done.why();
			summary.function(function.getEntryPoint(), f, why, was, is);
		}
	}

	private void count(Signatures.Done done) {
		switch (done.outcome()) {
			case APPLIED -> summary.count(Count.APPLIED);
			case UNCHANGED -> summary.count(Count.UNCHANGED);
			case UNKNOWN -> summary.count(Count.UNKNOWN);
			case SKIPPED -> summary.skip(done.why());
		}
		if (done.inComment()) {
			summary.count(Count.RESULTS_IN_COMMENT);
		}
	}

	private void noreturn(Function function, Plan.Function f) {
		boolean users = function.getSignatureSource() == SourceType.USER_DEFINED;
		if (f.noreturn && !users && !function.hasNoReturn() && !function.isThunk() && !settings.dryRun) {
			function.setNoReturn(true);
		}
	}

	/** Only nameless functions get a name. */
	private void name(Function function, String name) {
		Symbol symbol = function.getSymbol();
		boolean nameless = symbol.getSource() == SourceType.DEFAULT && !function.getName().equals(name);
		if (name.isEmpty() || !nameless || settings.dryRun) {
			return;
		}
		try {
			function.setName(name, SourceType.ANALYSIS);
			summary.count(Count.NAMED);
		}
		catch (DuplicateNameException | InvalidInputException e) {
			summary.note("no name for " + function.getEntryPoint() + ": " + e.getMessage());
		}
	}

	private void marks(Plan plan, Addresses addresses, Comments comments) throws CancelledException {
		for (Plan.Mark mark : plan.marks) {
			monitor.checkCancelled();
			Address at = addresses.of(mark.at);
			if (at == null || !program.getMemory().contains(at) || settings.dryRun) {
				continue;
			}
			Function function = program.getFunctionManager().getFunctionAt(at);
			if (function != null) {
				name(function, mark.symbol);
			}
			comments.before(at, mark.comment);
			comments.bookmark(at, mark.role);
		}
	}
}
