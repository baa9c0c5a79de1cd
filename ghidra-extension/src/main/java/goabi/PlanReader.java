package goabi;

import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.MalformedJsonException;

/** Reads a plan, and refuses one that could fail half-way through. */
final class PlanReader {
	private final Gson gson =
		new GsonBuilder().registerTypeAdapter(FileAddress.class, new FileAddress.Adapter()).create();
	private final Plan plan = new Plan();
	private String schema;

	/** Reads and checks a plan; the schema is checked before anything else is read. */
	Plan read(Reader from) throws CoreException, IOException {
		try (JsonReader in = new JsonReader(from)) {
			in.beginObject();
			while (in.hasNext()) {
				member(in, in.nextName());
			}
			in.endObject();
			check();
			return plan;
		}
		catch (MalformedJsonException | JsonParseException | IllegalStateException | java.io.EOFException
				| NumberFormatException | NullPointerException e) {
			throw new CoreException("goabi's answer is damaged: " + firstLine(e), e);
		}
	}

	private void member(JsonReader in, String name) throws CoreException, IOException {
		if (name.equals("schema")) {
			schema = in.nextString();
			if (!schema.equals(Plan.SCHEMA)) {
				throw new CoreException("goabi answers in the form " + schema + "; this extension reads " +
					Plan.SCHEMA + ". Use the goabi program that came with it");
			}
			return;
		}
		switch (name) {
			case "sha256" -> plan.sha256 = in.nextString();
			case "arch" -> plan.arch = in.nextString();
			case "go" -> plan.go = in.nextString();
			case "abi" -> plan.abi = in.nextString();
			case "image_base" -> plan.imageBase = gson.fromJson(in, FileAddress.class);
			case "pointer_size" -> plan.pointerSize = in.nextInt();
			case "conventions" -> plan.conventions = list(in, Plan.Spec[].class);
			case "notes" -> plan.notes = list(in, String[].class);
			case "types" -> plan.types = list(in, Plan.Type[].class);
			case "functions" -> plan.functions = list(in, Plan.Function[].class);
			case "call_sites" -> plan.callSites = list(in, Plan.CallSite[].class);
			case "marks" -> plan.marks = list(in, Plan.Mark[].class);
			default -> in.skipValue();
		}
	}

	private <T> List<T> list(JsonReader in, Class<T[]> type) {
		T[] items = gson.fromJson(in, type);
		for (T item : items) {
			Objects.requireNonNull(item, "an empty item");
		}
		return Arrays.asList(items);
	}

	private void check() throws CoreException {
		if (schema == null || plan.imageBase == null || plan.pointerSize <= 0) {
			throw new CoreException("goabi's answer is damaged: it has no schema, image base or pointer size");
		}
		plan.types.forEach(type -> check(type.kind != null && type.size >= 0, "a type"));
		plan.types.forEach(type -> type.members.forEach(PlanReader::check));
		plan.functions.forEach(PlanReader::check);
		for (Plan.CallSite site : plan.callSites) {
			check(site.at != null && site.within != null && site.targets.stream().allMatch(Objects::nonNull), "a call site");
			check(site.signature == null || site.signature.convention != null, "a call site");
		}
		plan.marks.forEach(mark -> check(mark.at != null, "a mark"));
		plan.conventions.forEach(spec -> check(spec.name != null && spec.xml != null, "a convention"));
	}

	private static void check(Plan.Function f) {
		check(f.entry != null && f.confidence != null && f.confidence.params != null && f.confidence.results != null,
			"a function");
		f.entries.forEach(entry -> check(entry.at != null, "an entry"));
		if (f.params != null) {
			f.params.forEach(value -> check(value.storage));
		}
		if (f.ret != null) {
			check(f.ret.storage);
		}
		if (f.partial != null) {
			check(f.partial.name != null, "a result");
			check(f.partial.storage);
			f.partial.members.forEach(PlanReader::check);
		}
	}

	private static void check(Plan.Member member) {
		check(member.kind != null && member.offset >= 0 && member.size >= 0, "a member");
	}

	private static void check(List<Plan.Node> storage) {
		check(!storage.isEmpty(), "an empty place");
		storage.forEach(node -> check(node.size > 0 && (node.reg == null) != (node.stack == null), "a place"));
	}

	private static void check(boolean good, String what) {
		if (!good) {
			throw new JsonParseException(what + " is incomplete");
		}
	}

	private static String firstLine(Exception e) {
		String text = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
		return text.lines().findFirst().orElse("");
	}
}
