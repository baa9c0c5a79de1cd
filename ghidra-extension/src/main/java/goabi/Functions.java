package goabi;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import ghidra.app.cmd.disassemble.DisassembleCommand;
import ghidra.app.cmd.function.CreateFunctionCmd;
import ghidra.program.database.function.OverlappingFunctionException;
import ghidra.program.model.address.Address;
import ghidra.program.model.address.AddressSet;
import ghidra.program.model.address.AddressSetView;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.FunctionManager;
import ghidra.program.model.listing.Listing;
import ghidra.program.model.listing.Program;
import ghidra.program.model.symbol.Reference;
import ghidra.program.model.symbol.SourceType;
import ghidra.util.exception.CancelledException;
import ghidra.util.exception.InvalidInputException;
import ghidra.util.task.TaskMonitor;

/** Finds functions, creates missing ones where pclntab has them, and corrects their extent. */
final class Functions {
	private final Program program;
	private final FunctionManager manager;
	private final Listing listing;
	private final Addresses addresses;
	private final Settings settings;
	private final Summary summary;
	/** Every entry that the plan knows. */
	private final Set<Address> entries = new HashSet<>();

	Functions(Program program, Plan plan, Addresses addresses, Settings settings, Summary summary) {
		this.program = program;
		this.manager = program.getFunctionManager();
		this.listing = program.getListing();
		this.addresses = addresses;
		this.settings = settings;
		this.summary = summary;
		for (Plan.Function f : plan.functions) {
			entries.add(addresses.of(f.entry));
			f.entries.forEach(entry -> entries.add(addresses.of(entry.at)));
		}
	}

	/**
	 * Creates the functions that are missing. All of them before any is annotated, so that every call is known by then.
	 */
	void createMissing(List<Plan.Function> all, TaskMonitor monitor) throws CancelledException {
		if (!settings.createFunctions) {
			return;
		}
		Map<Address, Plan.Function> missing = missing(all);
		missing.keySet().forEach(entry -> summary.count(Summary.Count.CREATED));
		if (settings.dryRun || missing.isEmpty()) {
			return;
		}
		AddressSet bare = new AddressSet();
		missing.keySet().stream().filter(entry -> listing.getInstructionAt(entry) == null).forEach(bare::add);
		new DisassembleCommand(bare, null, true).applyTo(program, monitor);
		for (Map.Entry<Address, Plan.Function> each : missing.entrySet()) {
			monitor.checkCancelled();
			create(each.getValue(), each.getKey(), monitor);
		}
	}

	private Map<Address, Plan.Function> missing(List<Plan.Function> all) {
		Map<Address, Plan.Function> missing = new TreeMap<>();
		for (Plan.Function f : all) {
			Address entry = addresses.of(f.entry);
			boolean code = addresses.isCode(entry) && listing.getDefinedDataContaining(entry) == null;
			if (code && manager.getFunctionAt(entry) == null) {
				missing.put(entry, f);
			}
		}
		return missing;
	}

	/** The function at the entry of `f`, with its extent corrected if that is wanted; null if there is none. */
	Function find(Plan.Function f) {
		Address entry = addresses.of(f.entry);
		Function function = entry == null ? null : manager.getFunctionAt(entry);
		if (function != null && settings.repairBoundaries) {
			repair(function, range(f, entry));
		}
		return function;
	}

	/** The functions at further entries that are called, such as those in the middle of duffzero. */
	List<Function> others(Plan.Function f) {
		List<Function> others = new ArrayList<>();
		Address start = addresses.of(f.entry);
		for (Plan.Entry entry : f.entries) {
			Address at = addresses.of(entry.at);
			if (at != null && !at.equals(start)) {
				Function known = manager.getFunctionAt(at);
				Function other = known == null && settings.createFunctions && isCalled(at) ? split(f, at) : known;
				if (other != null) {
					others.add(other);
				}
			}
		}
		return others;
	}

	private boolean isCalled(Address at) {
		for (Reference reference : program.getReferenceManager().getReferencesTo(at)) {
			if (reference.getReferenceType().isCall()) {
				return true;
			}
		}
		return false;
	}

	/** Gives what is behind an inner entry to a function of its own; control falls from one into the next. */
	private Function split(Plan.Function f, Address at) {
		if (settings.dryRun || !addresses.isCode(at) || listing.getInstructionAt(at) == null) {
			return null;
		}
		AddressSet rest = range(f, at);
		Function around = manager.getFunctionContaining(at);
		if (around == null || rest == null) {
			return null;
		}
		try {
			AddressSetView theirs = around.getBody();
			around.setBody(theirs.subtract(rest));
			summary.count(Summary.Count.CREATED);
			return manager.createFunction(null, at, theirs.intersect(rest), SourceType.ANALYSIS);
		}
		catch (InvalidInputException | OverlappingFunctionException e) {
			return null; // the entry stays a label
		}
	}

	private void create(Plan.Function f, Address entry, TaskMonitor monitor) {
		AddressSet range = range(f, entry);
		if (range == null) {
			new CreateFunctionCmd(entry).applyTo(program, monitor);
			return;
		}
		try {
			shrinkAround(entry);
			manager.createFunction(null, entry, free(range), SourceType.ANALYSIS);
		}
		catch (InvalidInputException | OverlappingFunctionException e) {
			summary.note("no function at " + entry + ": " + e.getMessage());
		}
	}

	/** A function that runs on over this entry ends before it. */
	private void shrinkAround(Address entry) throws OverlappingFunctionException {
		Function around = manager.getFunctionContaining(entry);
		if (around != null) {
			Address last = around.getBody().getMaxAddress();
			around.setBody(around.getBody().subtract(new AddressSet(entry, last)));
		}
	}

	/** The part of a range that no other function has. */
	private AddressSet free(AddressSet range) {
		AddressSet free = new AddressSet(range);
		Iterator<Function> overlapping = manager.getFunctionsOverlapping(range);
		while (overlapping.hasNext()) {
			free.delete(new AddressSet(overlapping.next().getBody()));
		}
		return free;
	}

	/** From `start` to the end of `f`; null when the end is not known. */
	private AddressSet range(Plan.Function f, Address start) {
		Address end = f.end == null ? null : addresses.of(f.end);
		return end == null || end.compareTo(start) <= 0 ? null : new AddressSet(start, end.previous());
	}

	/** Removes nameless functions in the range that Go does not know, and cuts what is beyond it. */
	private void repair(Function function, AddressSet range) {
		if (range == null || settings.dryRun) {
			return;
		}
		boolean inner = removeInner(function, range);
		if (!inner && range.contains(function.getBody())) {
			return;
		}
		try {
			AddressSet others = new AddressSet(range);
			others.delete(free(range).union(function.getBody()));
			AddressSet own = new AddressSet(range);
			own.delete(others);
			function.setBody(own);
			summary.count(Summary.Count.REPAIRED);
		}
		catch (OverlappingFunctionException e) {
			summary.note("the extent of " + function.getName() + " at " + function.getEntryPoint() + " stays as it is");
		}
	}

	private boolean removeInner(Function function, AddressSet range) {
		List<Address> unknown = new ArrayList<>();
		for (Function inner : (Iterable<Function>) () -> manager.getFunctions(range, true)) {
			boolean nameless = inner.getSymbol().getSource() == SourceType.DEFAULT &&
				inner.getSignatureSource() != SourceType.USER_DEFINED;
			if (!inner.equals(function) && nameless && !entries.contains(inner.getEntryPoint())) {
				unknown.add(inner.getEntryPoint());
			}
		}
		unknown.forEach(manager::removeFunction);
		return !unknown.isEmpty();
	}
}
