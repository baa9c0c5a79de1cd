package goabi;

import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import ghidra.program.model.lang.Register;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Parameter;
import ghidra.program.model.listing.Program;
import ghidra.program.model.listing.VariableStorage;
import ghidra.program.model.pcode.Varnode;

/** Compares what Ghidra stored with the report, byte by byte of every value, padding left out. */
final class ReportStorage {
	private ReportStorage() {
	}

	/**
	 * What came out.
	 *
	 * @param compared functions that have a signature of ours
	 * @param inComment those among them whose results this Ghidra can't express
	 * @param different what differs, a line each
	 */
	record Result(int compared, int inComment, List<String> different) {
		void check() {
			check(1000);
		}

		void check(int least) {
			System.out.println("       " + compared + " functions compared, " + inComment + " with results in a comment, " +
				different.size() + " different");
			Tests.check(compared > least, "few functions");
			Tests.check(different.size() * 1000 <= compared, different.stream().limit(3).toList());
		}
	}

	static Result compare(Program program, Tests.Environment environment) throws Exception {
		JsonObject report = report(program, environment);
		long base = Long.decode(report.getAsJsonObject("binary").get("image_base").getAsString());
		int compared = 0;
		int inComment = 0;
		List<String> different = new ArrayList<>();
		for (JsonElement element : report.getAsJsonArray("functions")) {
			JsonObject f = element.getAsJsonObject();
			long at = Long.decode(f.get("entry").getAsString()) - base + program.getImageBase().getOffset();
			Function function = program.getFunctionManager().getFunctionAt(
				program.getAddressFactory().getDefaultAddressSpace().getAddress(at));
			if (f.get("usercall").isJsonNull()) {
				continue;
			}
			compared++;
			String name = f.get("name").getAsString() + " at " + f.get("entry").getAsString();
			if (function == null || !function.hasCustomVariableStorage()) {
				different.add(name + ": nothing was applied");
				continue;
			}
			boolean partly = function.getReturnType().getName().endsWith("_in_registers");
			inComment += partly ? 1 : 0;
			String wanted = places(f, partly, program.getDefaultPointerSize());
			String got = places(function, program, partly);
			if (!wanted.equals(got)) {
				different.add(name + "\n  report: " + wanted + "\n  Ghidra: " + got);
			}
		}
		return new Result(compared, inComment, different);
	}

	private static JsonObject report(Program program, Tests.Environment environment) throws Exception {
		Process goabi = new ProcessBuilder(environment.goabi().toString(), "annotate", program.getExecutablePath(),
			"--format", "json").redirectError(ProcessBuilder.Redirect.INHERIT).start();
		try (var from = new InputStreamReader(goabi.getInputStream(), StandardCharsets.UTF_8)) {
			return JsonParser.parseReader(from).getAsJsonObject();
		}
	}

	/** Bytes of all parameters, of the closure, then of all results, in order: `RAX+0 RAX+1 … | …`. */
	private static String places(JsonObject f, boolean partly, int pointer) {
		List<String> params = new ArrayList<>();
		int base = f.get("arg_base").getAsInt();
		f.getAsJsonArray("params").forEach(value -> params.addAll(bytes(value.getAsJsonObject(), base)));
		if (!f.get("closure_context").isJsonNull()) {
			for (int i = 0; i < pointer; i++) {
				params.add(f.get("closure_context").getAsString() + "+" + i);
			}
		}
		List<String> results = new ArrayList<>();
		JsonArray values = f.getAsJsonArray("results");
		values.forEach(value -> results.addAll(bytes(value.getAsJsonObject(), base)));
		if (partly) {
			results.removeIf(place -> place.startsWith("stack"));
		}
		results.sort(null); // a tuple may hold results in another order
		return params + " " + results;
	}

	private static List<String> bytes(JsonObject value, int base) {
		List<String> bytes = new ArrayList<>();
		for (JsonElement element : value.getAsJsonArray("pieces")) {
			JsonObject piece = element.getAsJsonObject();
			String loc = piece.get("loc").getAsString();
			for (int i = 0; i < piece.get("size").getAsInt(); i++) {
				bytes.add(loc.startsWith("stack+") ? "stack+" + (Integer.parseInt(loc.substring(6)) + base + i)
						: loc + "+" + i);
			}
		}
		return bytes;
	}

	private static String places(Function function, Program program, boolean partly) {
		List<String> params = new ArrayList<>();
		for (Parameter parameter : function.getParameters()) {
			params.addAll(bytes(parameter, program));
		}
		List<String> results = new ArrayList<>(bytes(function.getReturn(), program));
		results.sort(null);
		return params + " " + results;
	}

	/** Places of a value's bytes, without those that no member of its type covers. */
	private static List<String> bytes(Parameter parameter, Program program) {
		VariableStorage storage = parameter.getVariableStorage();
		if (storage.isVoidStorage()) {
			return List.of();
		}
		Map<Integer, String> places = new TreeMap<>();
		Varnode[] varnodes = storage.getVarnodes();
		int offset = 0;
		for (int n = varnodes.length - 1; n >= 0; n--) { // little-endian: the first bytes come last
			for (int i = 0; i < varnodes[n].getSize(); i++) {
				places.put(offset++, place(varnodes[n], i, program));
			}
		}
		Covered.keep(parameter.getDataType(), places);
		return List.copyOf(places.values());
	}

	private static String place(Varnode varnode, int byteOffset, Program program) {
		if (varnode.getAddress().isStackAddress()) {
			return "stack+" + (varnode.getOffset() + byteOffset);
		}
		Register register = program.getRegister(varnode.getAddress());
		Register whole = register;
		while (whole.getParentRegister() != null && whole.getParentRegister().getMinimumByteSize() <= 16) {
			whole = whole.getParentRegister();
		}
		// Vectors have the report's names of their 16 bytes: XMM1 of YMM1 and ZMM1, V1 of q1 and z1.
		String name = whole.getName().toUpperCase(java.util.Locale.ROOT);
		return name.replaceFirst("^[YZ]MM", "XMM").replaceFirst("^[QZ](?=\\d)", "V") + "+" + byteOffset;
	}
}
