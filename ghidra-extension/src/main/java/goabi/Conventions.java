package goabi;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

import ghidra.program.database.SpecExtension;
import ghidra.program.model.listing.Program;
import ghidra.util.task.TaskMonitor;

/** The names of conventions that a program's compiler specification has. */
final class Conventions {
	private final Program program;
	private final Collection<String> known = new TreeSet<>();

	Conventions(Program program) {
		this.program = program;
		refresh();
	}

	private void refresh() {
		known.clear();
		for (var model : program.getCompilerSpec().getCallingConventions()) {
			known.add(model.getName());
		}
	}

	/** Adds those of the plan that are missing. Without them, calls keep what C preserves and Go does not. */
	void addMissing(List<Plan.Spec> specs, Summary summary, TaskMonitor monitor) {
		for (Plan.Spec spec : specs) {
			if (known.contains(spec.name)) {
				continue;
			}
			try {
				new SpecExtension(program).addReplaceCompilerSpecExtension(spec.xml, monitor);
				summary.count(Summary.Count.CONVENTIONS);
			}
			catch (Exception e) { // no exclusive access, or a specification that does not take it
				summary.note("the convention " + spec.name + " can't be added (" + e.getMessage() +
					"); signatures keep their places, but calls are taken to preserve what C preserves");
			}
		}
		refresh();
	}

	/** The first of these names that the program has, or null. */
	String first(List<String> names) {
		return names.stream().filter(known::contains).findFirst().orElse(null);
	}
}
