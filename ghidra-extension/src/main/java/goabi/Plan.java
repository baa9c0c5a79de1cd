package goabi;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.google.gson.annotations.SerializedName;

/** What the goabi program wants done: its {@code goabi.ghidra-plan/1}, read by {@link PlanReader}. */
final class Plan {
	static final String SCHEMA = "goabi.ghidra-plan/1";

	String sha256 = "";
	String arch = "";
	String go = "";
	String abi = "";
	FileAddress imageBase;
	int pointerSize;
	List<Spec> conventions = List.of();
	List<String> notes = List.of();
	List<Type> types = List.of();
	List<Function> functions = List.of();
	List<CallSite> callSites = List.of();
	List<Mark> marks = List.of();

	/** The plan of some functions alone, with the types that they need. */
	Plan only(Predicate<Function> wanted) {
		Plan part = new Plan();
		part.imageBase = imageBase;
		part.pointerSize = pointerSize;
		part.conventions = conventions;
		part.functions = functions.stream().filter(wanted).toList();
		Set<FileAddress> entries = part.functions.stream().map(f -> f.entry).collect(Collectors.toSet());
		part.callSites = callSites.stream().filter(site -> entries.contains(site.within)).toList();
		Set<Integer> used = part.usedTypes(types);
		part.types = types.stream().filter(type -> used.contains(type.id)).toList();
		return part;
	}

	private Set<Integer> usedTypes(List<Type> all) {
		Map<Integer, Type> byId = all.stream().collect(Collectors.toMap(type -> type.id, type -> type, (a, b) -> a));
		Deque<Integer> open = new ArrayDeque<>();
		for (Function f : functions) {
			values(f).forEach(value -> open.add(value.type));
			Stream.ofNullable(f.partial).flatMap(partial -> partial.members.stream()).forEach(m -> m.refer(open));
		}
		for (CallSite site : callSites) {
			Stream.ofNullable(site.signature).flatMap(Override::words).forEach(word -> open.add(word.type));
		}
		Set<Integer> used = new HashSet<>();
		while (!open.isEmpty()) {
			Type type = byId.get(open.pop());
			if (type != null && used.add(type.id)) {
				Stream.ofNullable(type.elem).forEach(open::add);
				type.members.forEach(member -> member.refer(open));
			}
		}
		return used;
	}

	private static Stream<Value> values(Function f) {
		return Stream.concat(Stream.ofNullable(f.params).flatMap(List::stream), Stream.ofNullable(f.ret))
				.filter(value -> value.type != null);
	}

	/** A convention in the XML of compiler specifications. */
	static final class Spec {
		String name;
		String xml;
	}

	/** A data type. */
	static final class Type {
		int id;
		String name = "";
		@SerializedName("go_name")
		String goName = "";
		Kind kind;
		long size;
		Integer elem;
		List<Member> members = List.of();
	}

	/** A member of a structure. */
	static final class Member {
		String name = "";
		long offset;
		long size;
		Kind kind;
		Integer type;
		Long len;

		private void refer(Deque<Integer> to) {
			Stream.ofNullable(type).forEach(to::add);
		}
	}

	/** What a type or a member is made of. */
	enum Kind {
		@SerializedName("bool")
		BOOL,
		@SerializedName("int")
		INT,
		@SerializedName("uint")
		UINT,
		@SerializedName("float")
		FLOAT,
		@SerializedName("pointer")
		POINTER,
		@SerializedName("struct")
		STRUCT,
		@SerializedName("void")
		VOID,
		@SerializedName("type")
		TYPE,
		@SerializedName("array")
		ARRAY,
		@SerializedName("bytes")
		BYTES
	}

	/** A function, with what is to be applied to it. */
	static final class Function {
		FileAddress entry;
		FileAddress end;
		List<Entry> entries = List.of();
		String name = "";
		String symbol = "";
		String prototype = "";
		List<String> conventions = List.of();
		Sides confidence;
		boolean noreturn;
		List<String> comment = List.of();
		@SerializedName("at_calls")
		String atCalls;
		List<String> tags = List.of();
		Value ret;
		/** Null when there is no signature to apply. */
		List<Value> params;
		Partial partial;
		String places;
		String why;

		Confidence lowest() {
			return confidence.params.compareTo(confidence.results) < 0 ? confidence.params : confidence.results;
		}
	}

	/** A further entry of a function. */
	static final class Entry {
		FileAddress at;
		long bytes;
	}

	/** Confidence of both sides of a signature. */
	static final class Sides {
		Confidence params;
		Confidence results;
	}

	/** A parameter or the result. */
	static final class Value {
		String name = "";
		Integer type;
		long size;
		List<Node> storage = List.of();
		boolean mixed;
	}

	/** The part of a result that is in registers. */
	static final class Partial {
		String name;
		long size;
		List<Member> members = List.of();
		List<Node> storage = List.of();
	}

	/** A register, or a place on the stack. */
	static final class Node {
		String reg;
		Long stack;
		int size;
	}

	/** A call. */
	static final class CallSite {
		FileAddress at;
		@SerializedName("in")
		FileAddress within;
		String kind = "";
		List<FileAddress> targets = List.of();
		List<String> comment = List.of();
		@SerializedName("override")
		Override signature;
	}

	/** A signature for one call. */
	static final class Override {
		String convention;
		Word ret;
		List<Word> params = List.of();

		private Stream<Word> words() {
			return Stream.concat(params.stream(), Stream.ofNullable(ret)).filter(word -> word.type != null);
		}
	}

	/** A parameter of a call's signature. */
	static final class Word {
		String name = "";
		Integer type;
		Kind kind;
		int size;
	}

	/** A marked place. */
	static final class Mark {
		FileAddress at;
		String role = "";
		String symbol = "";
		List<String> comment = List.of();
	}
}
