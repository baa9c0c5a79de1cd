package goabi;

import ghidra.program.model.address.Address;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Parameter;
import ghidra.program.model.listing.Program;
import ghidra.program.model.util.IntPropertyMap;
import ghidra.util.exception.DuplicateNameException;
import ghidra.util.exception.NoValueException;

/**
 * Remembers in the program which signatures are ours. They are written as IMPORTED, because Ghidra's stack analysis and
 * its parameter identification go over weaker ones; so the source of a signature does not tell ours from others'.
 */
final class Ours {
	private static final String MAP = "goabi";

	private final Program program;

	Ours(Program program) {
		this.program = program;
	}

	/** Whether a function still has the places that we gave it. */
	boolean is(Function function) {
		IntPropertyMap map = program.getUsrPropertyManager().getIntPropertyMap(MAP);
		Address entry = function.getEntryPoint();
		try {
			return map != null && map.hasProperty(entry) && map.getInt(entry) == places(function);
		}
		catch (NoValueException e) {
			return false;
		}
	}

	/** Remembers that we gave a function its places. */
	void add(Function function) {
		var manager = program.getUsrPropertyManager();
		IntPropertyMap map = manager.getIntPropertyMap(MAP);
		try {
			map = map == null ? manager.createIntPropertyMap(MAP) : map;
			map.add(function.getEntryPoint(), places(function));
		}
		catch (DuplicateNameException e) {
			throw new IllegalStateException("another property has the name " + MAP, e);
		}
	}

	/** What a signature says of places, in short. Names and types may be improved by others. */
	private static int places(Function function) {
		StringBuilder text = new StringBuilder();
		text.append(function.getCallingConventionName()).append(function.getReturn().getVariableStorage());
		for (Parameter parameter : function.getParameters()) {
			text.append(' ').append(parameter.getVariableStorage());
		}
		return text.toString().hashCode();
	}
}
