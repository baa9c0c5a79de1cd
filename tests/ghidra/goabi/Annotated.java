package goabi;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import ghidra.framework.model.DomainObjectChangeRecord;
import ghidra.framework.model.DomainObjectChangedEvent;
import ghidra.framework.model.DomainObjectListener;
import ghidra.program.model.data.AbstractIntegerDataType;
import ghidra.program.model.data.DataType;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Parameter;
import ghidra.program.model.listing.Program;
import ghidra.program.model.listing.VariableStorage;
import ghidra.util.task.TaskMonitor;

/** A program and what was done to it. */
final class Annotated {
	final Program program;
	Summary summary;

	Annotated(Program program) {
		this.program = program;
	}

	/** Annotates, as a script does it. */
	Annotated run(Settings settings) {
		summary = Ghidra.transaction(program, () -> new Annotator(program, settings, TaskMonitor.DUMMY).run());
		return this;
	}

	/** What changes while a program is annotated once more. */
	Set<String> changes(Settings settings) {
		Set<String> changes = new TreeSet<>();
		DomainObjectListener listener = (DomainObjectChangedEvent event) -> {
			for (DomainObjectChangeRecord record : event) {
				changes.add(record.toString());
			}
		};
		program.flushEvents();
		program.addListener(listener);
		try {
			run(settings);
			program.flushEvents();
		}
		finally {
			program.removeListener(listener);
		}
		return changes;
	}

	List<Function> functions(String name) {
		List<Function> found = new ArrayList<>();
		for (Function function : program.getFunctionManager().getFunctions(true)) {
			if (function.getName().equals(name)) {
				found.add(function);
			}
		}
		return found;
	}

	Function function(String name) {
		List<Function> found = functions(name);
		if (found.size() != 1) {
			throw new AssertionError(found.size() + " functions are called " + name);
		}
		return found.get(0);
	}

	String decompile(String name) {
		return Ghidra.decompile(function(name));
	}

	/** {@code long@RAX:8 (go_i64x2 a1@RBX:8,RAX:8)}. What has eight bytes is {@code long}, whatever Ghidra calls it here. */
	String places(String name) {
		Function function = function(name);
		Stream<Parameter> params = Stream.of(function.getParameters());
		String list = params.map(p -> word(p.getDataType()) + " " + p.getName() + "@" + p.getVariableStorage())
				.collect(Collectors.joining(", "));
		VariableStorage ret = function.getReturn().getVariableStorage();
		return word(function.getReturnType()) + "@" + ret + " (" + list + ")";
	}

	private static String word(DataType type) {
		boolean word = type instanceof AbstractIntegerDataType integer && integer.isSigned() && type.getLength() == Long.BYTES;
		return word ? "long" : type.getName();
	}
}
