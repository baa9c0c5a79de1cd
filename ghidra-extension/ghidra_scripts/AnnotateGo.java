// Gives every function of a Go program its parameters and results, in the places where Go has them.
// Headless: -postScript AnnotateGo.java [min-confidence=exact|likely|guess] [override-imported] [repair]
// [no-create] [no-types] [no-comments] [no-call-sites] [no-conventions] [from-memory] [dry-run]
// [time-limit=SECONDS] [goabi=PATH] [result=FILE]
//@category Go
//@keybinding ctrl alt G
//@menupath Tools.Go.Apply calling conventions

import java.nio.file.Files;

import ghidra.app.script.GhidraScript;
import goabi.Annotator;
import goabi.Arguments;
import goabi.CoreException;
import goabi.Summary;

public class AnnotateGo extends GhidraScript {
	@Override
	protected void run() throws Exception {
		Arguments arguments = new Arguments(getScriptArgs());
		try {
			Summary summary = new Annotator(currentProgram, arguments.settings(), monitor).run();
			summary.notes().forEach(this::println);
			println(summary.toString());
			if (arguments.result() != null) {
				Files.writeString(arguments.result(), summary.toJson());
			}
		}
		catch (CoreException e) {
			if (arguments.result() != null) {
				Files.writeString(arguments.result(), Summary.failure(e.getMessage()));
			}
			printerr(e.getMessage());
			if (!isRunningHeadless()) {
				popup(e.getMessage());
			}
		}
	}
}
