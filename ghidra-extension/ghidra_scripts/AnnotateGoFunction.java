// Gives the function at the cursor its parameters and results, in the places where Go has them.
//@category Go
//@keybinding ctrl alt shift G
//@menupath Tools.Go.Apply calling convention to this function

import ghidra.app.script.GhidraScript;
import ghidra.program.model.listing.Function;
import goabi.Annotator;
import goabi.Arguments;
import goabi.CoreException;

public class AnnotateGoFunction extends GhidraScript {
	@Override
	protected void run() throws Exception {
		Function function = currentAddress == null ? null : getFunctionContaining(currentAddress);
		if (function == null) {
			printerr("there is no function at the cursor");
			return;
		}
		Arguments arguments = new Arguments(getScriptArgs());
		arguments.settings().only = function.getEntryPoint();
		try {
			println(new Annotator(currentProgram, arguments.settings(), monitor).run().toString());
		}
		catch (CoreException e) {
			printerr(e.getMessage());
			if (!isRunningHeadless()) {
				popup(e.getMessage());
			}
		}
	}
}
