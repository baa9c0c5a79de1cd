package goabi;

/** What a run should do. The defaults are those of the analyzer. */
public final class Settings {
	/** Claims below this are not applied. */
	public Confidence minimum = Confidence.LIKELY;
	/** Replace IMPORTED signatures (debug information, Ghidra's own Go analyzer) where goabi is exact. */
	public boolean overrideImported;
	/** Create functions that Ghidra did not find. */
	public boolean createFunctions = true;
	/** Correct the extent of functions, and remove nameless functions inside of others. */
	public boolean repairBoundaries;
	/** Make data types; without it, values have shapeless types of their size. */
	public boolean types = true;
	/** Write comments, bookmarks and tags. */
	public boolean comments = true;
	/** Annotate call sites and add references of resolved calls. */
	public boolean callSites = true;
	/** Add Go's conventions to a program whose compiler specification lacks them. */
	public boolean conventions = true;
	/** Analyse what memory holds, even if the file is there: after unpacking or patching. */
	public boolean fromMemory;
	/** Change nothing, only say what would be changed. */
	public boolean dryRun;
	/** Keep a line about each function, for {@link Summary#toJson}. */
	public boolean details;
	/** Seconds that the goabi program may take. */
	public int timeLimit = 900;
	/** Path of the goabi program; empty for the one of the extension. */
	public String program = "";
	/** Entry of the only function to annotate, or null for all. */
	public ghidra.program.model.address.Address only;
}
