package goabi;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import ghidra.program.model.data.DataType;
import ghidra.program.model.data.VoidDataType;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Function.FunctionUpdateType;
import ghidra.program.model.listing.Parameter;
import ghidra.program.model.listing.ParameterImpl;
import ghidra.program.model.listing.Program;
import ghidra.program.model.listing.ReturnParameterImpl;
import ghidra.program.model.listing.VariableStorage;
import ghidra.program.model.symbol.SourceType;
import ghidra.util.exception.DuplicateNameException;
import ghidra.util.exception.InvalidInputException;

/** Writes signatures with custom storage, unless they are there already or are somebody else's. */
final class Signatures {
	private final Program program;
	private final DataTypes types;
	private final Conventions conventions;
	private final Storage storage;
	private final Settings settings;
	private final Ours ours;

	/** What became of a function. */
	enum Outcome {
		APPLIED, UNCHANGED, UNKNOWN, SKIPPED
	}

	/**
	 * An outcome and its circumstances.
	 *
	 * @param outcome what became of the function
	 * @param why why it was skipped, or null
	 * @param inComment whether the results are only partly in the signature
	 */
	record Done(Outcome outcome, String why, boolean inComment) {
		static Done skipped(String why) {
			return new Done(Outcome.SKIPPED, why, false);
		}
	}

	/** A signature that is ready to be written. */
	private record Wanted(String convention, Typed ret, List<String> names, List<Typed> params, boolean inComment) {
	}

	/** A type in its place. */
	private record Typed(DataType type, VariableStorage storage) {
		boolean is(Parameter there) {
			return there.getVariableStorage().equals(storage) && there.getDataType().isEquivalent(type);
		}
	}

	Signatures(Program program, DataTypes types, Conventions conventions, Settings settings) {
		this.program = program;
		this.types = types;
		this.conventions = conventions;
		this.storage = new Storage(program);
		this.settings = settings;
		this.ours = new Ours(program);
	}

	Done apply(Function function, Plan.Function f) {
		if (f.params == null) {
			return new Done(Outcome.UNKNOWN, null, false);
		}
		String why = untouchable(function, f);
		if (why != null) {
			return Done.skipped(why);
		}
		try {
			Wanted wanted = wanted(f);
			if (isThere(function, wanted)) {
				return new Done(Outcome.UNCHANGED, null, wanted.inComment);
			}
			if (!settings.dryRun) {
				write(function, wanted);
			}
			return new Done(Outcome.APPLIED, null, wanted.inComment);
		}
		catch (InvalidInputException | DuplicateNameException | RuntimeException e) {
			return Done.skipped("Ghidra refuses it: " + e.getMessage());
		}
	}

	/** Why a function's signature may not be replaced, or null if it may. */
	private String untouchable(Function function, Plan.Function f) {
		if (function.isThunk()) {
			return "a thunk of another function";
		}
		SourceType source = function.getSignatureSource();
		if (source == SourceType.USER_DEFINED) {
			return "set by the user";
		}
		if (source != SourceType.IMPORTED || ours.is(function)) {
			return null;
		}
		if (!settings.overrideImported) {
			return "imported";
		}
		return f.lowest() == Confidence.EXACT ? null : "imported, and goabi is not exact";
	}

	private Wanted wanted(Plan.Function f) throws InvalidInputException {
		List<String> names = new ArrayList<>();
		List<Typed> params = new ArrayList<>();
		for (Plan.Value value : f.params) {
			names.add(value.name);
			params.add(typed(value));
		}
		String convention = conventions.first(f.conventions);
		if (f.ret == null) {
			return new Wanted(convention, nothing(), names, params, false);
		}
		try {
			return new Wanted(convention, typed(f.ret), names, params, false);
		}
		catch (InvalidInputException e) {
			if (!f.ret.mixed) {
				throw e;
			}
			return new Wanted(convention, partly(f.partial), names, params, true);
		}
	}

	private Typed typed(Plan.Value value) throws InvalidInputException {
		return new Typed(types.get(value.type, value.size), storage.of(value.storage));
	}

	private static Typed nothing() {
		return new Typed(VoidDataType.dataType, VariableStorage.VOID_STORAGE);
	}

	private Typed partly(Plan.Partial partial) throws InvalidInputException {
		return partial == null ? nothing() : new Typed(types.get(partial), storage.of(partial.storage));
	}

	private static boolean isThere(Function function, Wanted wanted) {
		Parameter[] params = function.getParameters();
		boolean same = function.hasCustomVariableStorage() && params.length == wanted.params.size() &&
			(wanted.convention == null || wanted.convention.equals(function.getCallingConventionName())) &&
			wanted.ret.is(function.getReturn());
		for (int i = 0; same && i < params.length; i++) {
			same = wanted.params.get(i).is(params[i]) && Objects.equals(name(params[i], wanted.names.get(i)), params[i].getName());
		}
		return same;
	}

	/** The name that a parameter gets: the user's if there is one. */
	private static String name(Parameter there, String wanted) {
		return there.getSource() == SourceType.USER_DEFINED ? there.getName() : wanted;
	}

	private void write(Function function, Wanted wanted) throws InvalidInputException, DuplicateNameException {
		Parameter[] there = function.getParameters();
		List<ParameterImpl> params = new ArrayList<>();
		for (int i = 0; i < wanted.params.size(); i++) {
			Typed typed = wanted.params.get(i);
			boolean users = i < there.length && there[i].getSource() == SourceType.USER_DEFINED &&
				there[i].getVariableStorage().equals(typed.storage);
			String name = users ? there[i].getName() : wanted.names.get(i);
			SourceType source = users ? SourceType.USER_DEFINED : SourceType.IMPORTED;
			params.add(new ParameterImpl(name, typed.type, typed.storage, program, source));
		}
		ReturnParameterImpl ret = new ReturnParameterImpl(wanted.ret.type, wanted.ret.storage, program);
		function.updateFunction(wanted.convention, ret, params, FunctionUpdateType.CUSTOM_STORAGE, true,
			SourceType.IMPORTED);
		ours.add(function);
	}
}
