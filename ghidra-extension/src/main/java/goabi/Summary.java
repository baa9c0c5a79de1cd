package goabi;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import com.google.gson.GsonBuilder;

/** What a run did, as counts, and as a line for each function if that was asked for. */
public final class Summary {
	/** Form of {@link #toJson}. */
	public static final String SCHEMA = "goabi.ghidra-result/1";

	private final String schema = SCHEMA;
	private final Map<String, Integer> counts = new TreeMap<>();
	private final Map<String, Integer> skipped = new TreeMap<>();
	private final List<String> notes = new ArrayList<>();
	private final List<Line> functions = new ArrayList<>();
	private long coreMilliseconds;
	private long ownMilliseconds;

	/** Something that is counted. */
	public enum Count {
		/** Functions of the plan. */
		FUNCTIONS,
		/** Functions whose signature was written. */
		APPLIED,
		/** Functions that already had it. */
		UNCHANGED,
		/** Functions without a signature in the plan. */
		UNKNOWN,
		/** Functions that were left alone, see {@link Summary#skipped}. */
		SKIPPED,
		/** Functions whose results this Ghidra can't hold; they have a comment. */
		RESULTS_IN_COMMENT,
		/** Functions that were created. */
		CREATED,
		/** Functions whose extent was corrected. */
		REPAIRED,
		/** Functions that got their name. */
		NAMED,
		/** Further entries of functions. */
		ENTRIES,
		/** Data types that were made. */
		TYPES,
		/** Data types that were there, or are Ghidra's own. */
		TYPES_REUSED,
		/** Conventions that were added to the compiler specification. */
		CONVENTIONS,
		/** Comments, tags, bookmarks that were written. */
		COMMENTS,
		/** Call sites with a signature. */
		CALL_SITES,
		/** References that were added. */
		REFERENCES
	}

	/** One function's outcome. */
	private record Line(String entry, String name, String outcome, String confidence, String was, String is) {
	}

	void count(Count what) {
		counts.merge(key(what), 1, Integer::sum);
	}

	void skip(String why) {
		count(Count.SKIPPED);
		skipped.merge(why, 1, Integer::sum);
	}

	void note(String note) {
		notes.add(note);
	}

	void function(ghidra.program.model.address.Address entry, Plan.Function f, String outcome, String was, String is) {
		functions.add(new Line(entry.toString(), f.name, outcome, f.lowest().word(), was, is));
	}

	void times(long core, long own) {
		coreMilliseconds = core;
		ownMilliseconds = own;
	}

	/**
	 * @param what what was counted
	 * @return how many
	 */
	public int get(Count what) {
		return counts.getOrDefault(key(what), 0);
	}

	/** @return why functions were left alone, and how many for that reason */
	public Map<String, Integer> skipped() {
		return Map.copyOf(skipped);
	}

	/** @return what else is to be said, a sentence each */
	public List<String> notes() {
		return List.copyOf(notes);
	}

	/** @return milliseconds of the goabi program, and of everything after it */
	public long[] milliseconds() {
		return new long[] { coreMilliseconds, ownMilliseconds };
	}

	/** @return the whole summary, in the form {@link #SCHEMA} */
	public String toJson() {
		return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(this);
	}

	/**
	 * @param message why nothing was done
	 * @return a result in the form {@link #SCHEMA} that says so
	 */
	public static String failure(String message) {
		com.google.gson.JsonObject failed = new com.google.gson.JsonObject();
		failed.addProperty("schema", SCHEMA);
		failed.addProperty("error", message);
		return failed.toString();
	}

	/** One line for the user. */
	@Override
	public String toString() {
		StringBuilder text = new StringBuilder("goabi: ");
		text.append(get(Count.APPLIED)).append(" of ").append(get(Count.FUNCTIONS)).append(" functions annotated");
		add(text, get(Count.UNCHANGED), " had it already");
		add(text, get(Count.UNKNOWN), " without a sure signature");
		add(text, get(Count.CREATED), " created");
		add(text, get(Count.RESULTS_IN_COMMENT), " with results in a comment");
		skipped.forEach((why, n) -> add(text, n, " left alone: " + why));
		return text.toString();
	}

	private static void add(StringBuilder text, int n, String what) {
		if (n > 0) {
			text.append(", ").append(n).append(what);
		}
	}

	private static String key(Count what) {
		return what.name().toLowerCase(java.util.Locale.ROOT);
	}
}
