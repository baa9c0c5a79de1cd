package goabi;

import ghidra.app.services.AbstractAnalyzer;
import ghidra.app.services.AnalysisPriority;
import ghidra.app.services.AnalyzerType;
import ghidra.app.util.importer.MessageLog;
import ghidra.framework.options.Options;
import ghidra.program.model.address.AddressSetView;
import ghidra.program.model.listing.Program;
import ghidra.util.exception.CancelledException;
import ghidra.util.task.TaskMonitor;

/**
 * Gives every function of a Go program its parameters and results, in the places where Go has them. Off by default;
 * also in the menu of one-shot analyzers. Runs once, after functions were found and after Ghidra's own Go analyzer.
 */
public final class GoCallingConventionAnalyzer extends AbstractAnalyzer {
	/** Its name in the list of analyzers. */
	public static final String NAME = "Go Calling Conventions";
	private static final String DESCRIPTION = "Applies the calling conventions of Go programs with the goabi program: " +
		"registers, stack slots, several results, closures. Signatures of the user are never changed.";

	private static final String MINIMUM = "Minimum confidence";
	private static final String IMPORTED = "Override imported signatures";
	private static final String CREATE = "Create functions";
	private static final String REPAIR = "Repair function boundaries";
	private static final String TYPES = "Define types";
	private static final String COMMENTS = "Write comments";
	private static final String CALL_SITES = "Annotate call sites";
	private static final String CONVENTIONS = "Add Go conventions";
	private static final String MEMORY = "Read memory";
	private static final String TIME = "Time limit (seconds)";
	private static final String PROGRAM = "goabi program";

	private final Settings settings = new Settings();
	private boolean ran;

	/** Made by Ghidra. */
	public GoCallingConventionAnalyzer() {
		super(NAME, DESCRIPTION, AnalyzerType.BYTE_ANALYZER);
		setPriority(AnalysisPriority.FUNCTION_ANALYSIS.after());
		setDefaultEnablement(false);
		setSupportsOneTimeAnalysis();
	}

	@Override
	public boolean canAnalyze(Program program) {
		return Core.goArch(program) != null || InputBytes.isThere(program);
	}

	@Override
	public boolean added(Program program, AddressSetView set, TaskMonitor monitor, MessageLog log)
			throws CancelledException {
		if (ran) {
			return true;
		}
		ran = true;
		try {
			Summary summary = new Annotator(program, settings, monitor).run();
			summary.notes().forEach(note -> log.appendMsg(NAME, note));
			ghidra.util.Msg.info(this, summary);
			return true;
		}
		catch (CoreException e) {
			log.appendMsg(NAME, e.getMessage());
			return false;
		}
	}

	@Override
	public void analysisEnded(Program program) {
		ran = false;
	}

	@Override
	public void registerOptions(Options options, Program program) {
		options.registerOption(MINIMUM, settings.minimum, null, "Claims below this are not applied.");
		options.registerOption(IMPORTED, settings.overrideImported, null,
			"Replace signatures of debug information or of Ghidra's own Go analyzer, where goabi is exact.");
		options.registerOption(CREATE, settings.createFunctions, null, "Create functions that Ghidra did not find.");
		options.registerOption(REPAIR, settings.repairBoundaries, null,
			"Correct the extent of functions, and remove nameless functions inside of others.");
		options.registerOption(TYPES, settings.types, null, "Make data types in " + DataTypes.OURS + ".");
		options.registerOption(COMMENTS, settings.comments, null, "Write comments, bookmarks and tags.");
		options.registerOption(CALL_SITES, settings.callSites, null, "Annotate calls, and add references of resolved ones.");
		options.registerOption(CONVENTIONS, settings.conventions, null,
			"Add Go's conventions to a compiler specification that lacks them (gcc, windows, default).");
		options.registerOption(MEMORY, settings.fromMemory, null,
			"Analyse what memory holds, even if the file is there: after unpacking or patching.");
		options.registerOption(TIME, settings.timeLimit, null, "Time that the goabi program may take.");
		options.registerOption(PROGRAM, settings.program, null, "Path of goabi; empty for the one of the extension.");
	}

	@Override
	public void optionsChanged(Options options, Program program) {
		settings.minimum = options.getEnum(MINIMUM, settings.minimum);
		settings.overrideImported = options.getBoolean(IMPORTED, settings.overrideImported);
		settings.createFunctions = options.getBoolean(CREATE, settings.createFunctions);
		settings.repairBoundaries = options.getBoolean(REPAIR, settings.repairBoundaries);
		settings.types = options.getBoolean(TYPES, settings.types);
		settings.comments = options.getBoolean(COMMENTS, settings.comments);
		settings.callSites = options.getBoolean(CALL_SITES, settings.callSites);
		settings.conventions = options.getBoolean(CONVENTIONS, settings.conventions);
		settings.fromMemory = options.getBoolean(MEMORY, settings.fromMemory);
		settings.timeLimit = options.getInt(TIME, settings.timeLimit);
		settings.program = options.getString(PROGRAM, settings.program);
	}
}
