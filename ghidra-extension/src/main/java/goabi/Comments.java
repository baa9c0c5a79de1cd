package goabi;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import ghidra.program.model.address.Address;
import ghidra.program.model.listing.Bookmark;
import ghidra.program.model.listing.BookmarkType;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Instruction;
import ghidra.program.model.listing.Program;
import ghidra.program.model.symbol.Reference;

/** Writes comments, tags and bookmarks. Our lines are marked, and only they are ever replaced. */
final class Comments {
	/** What our lines begin with. */
	static final String MARK = "goabi: ";
	/** Category of our bookmarks. */
	static final String CATEGORY = "goabi";
	/** Callers of a function that get a comment each; more would be noise. */
	private static final int MOST_CALLERS = 1000;

	private final Program program;
	private final Settings settings;
	private final Summary summary;
	/** Lines before instructions, which may come from several sides and are written together. */
	private final Map<Address, Set<String>> before = new TreeMap<>();

	Comments(Program program, Settings settings, Summary summary) {
		this.program = program;
		this.settings = settings;
		this.summary = summary;
	}

	/** The comment above a function, its tags, and where its callers find results that Ghidra loses. */
	void function(Function function, Plan.Function f, boolean inComment) {
		if (!settings.comments || settings.dryRun) {
			return;
		}
		Stream<String> lines = inComment && f.places != null ? Stream.concat(f.comment.stream(), Stream.of(f.places))
				: f.comment.stream();
		plate(function, lines.toList());
		f.tags.forEach(tag -> tag(function, tag));
		String atCalls = inComment && f.atCalls == null ? f.places : f.atCalls;
		if (atCalls != null) {
			repeatable(function, atCalls);
			atCalls(function, atCalls);
		}
	}

	/** The comment above a function. */
	void plate(Function function, List<String> lines) {
		String merged = merge(function.getComment(), lines);
		if (!Objects.equals(merged, function.getComment())) {
			function.setComment(merged);
			summary.count(Summary.Count.COMMENTS);
		}
	}

	private void repeatable(Function function, String line) {
		String merged = merge(function.getRepeatableComment(), List.of(line));
		if (!Objects.equals(merged, function.getRepeatableComment())) {
			function.setRepeatableComment(merged);
			summary.count(Summary.Count.COMMENTS);
		}
	}

	private void atCalls(Function function, String line) {
		int count = 0;
		for (Reference reference : program.getReferenceManager().getReferencesTo(function.getEntryPoint())) {
			if (reference.getReferenceType().isCall() && count++ < MOST_CALLERS) {
				before(reference.getFromAddress(), List.of(function.getName() + ": " + line));
			}
		}
	}

	/** The comment before an instruction, which the decompiler shows too. */
	void before(Address at, List<String> lines) {
		Instruction instruction = program.getListing().getInstructionAt(at);
		if (instruction == null || !settings.comments || settings.dryRun || lines.isEmpty()) {
			return;
		}
		before.computeIfAbsent(at, key -> new LinkedHashSet<>()).addAll(lines);
	}

	/** Writes what {@link #before} collected. */
	void write() {
		before.forEach((at, lines) -> {
			String was = Compat.preComment(program.getListing(), at);
			String merged = merge(was, List.copyOf(lines));
			if (!Objects.equals(merged, was)) {
				Compat.setPreComment(program.getListing(), at, merged);
				summary.count(Summary.Count.COMMENTS);
			}
		});
		before.clear();
	}

	/** A bookmark of ours. */
	void bookmark(Address at, String text) {
		if (!settings.comments || settings.dryRun) {
			return;
		}
		Bookmark known = program.getBookmarkManager().getBookmark(at, BookmarkType.ANALYSIS, CATEGORY);
		if (known == null || !known.getComment().equals(text)) {
			program.getBookmarkManager().setBookmark(at, BookmarkType.ANALYSIS, CATEGORY, text);
			summary.count(Summary.Count.COMMENTS);
		}
	}

	/** A tag, by which the list of functions can be filtered. */
	void tag(Function function, String tag) {
		boolean known = function.getTags().stream().anyMatch(there -> there.getName().equals(tag));
		if (!known) {
			function.addTag(tag);
			summary.count(Summary.Count.COMMENTS);
		}
	}

	/** A comment with our lines replaced by these. */
	private static String merge(String comment, List<String> lines) {
		Stream<String> theirs = comment == null ? Stream.empty() : comment.lines().filter(line -> !line.startsWith(MARK));
		Stream<String> ours = lines.stream().map(line -> MARK + line.replace('\n', ' '));
		String merged = Stream.concat(theirs, ours).collect(Collectors.joining("\n"));
		return merged.isEmpty() ? null : merged;
	}
}
