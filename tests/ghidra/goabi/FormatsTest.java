package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;
import static goabi.Tests.has;

import java.nio.file.Path;

import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Program;
import ghidra.program.model.symbol.SourceType;

/** Other containers and machines. Functions are created by goabi; nothing of Ghidra's analysis has run. */
final class FormatsTest {
	private static final int FEW = 1000;
	/** `runtime/mkduff.go`: bytes of code of `duffzero` on amd64. */
	private static final int DUFFZERO = 16 * 0x17;

	private final Tests.Environment environment;

	FormatsTest(Tests.Environment environment) {
		this.environment = environment;
	}

	private Annotated annotated(String name) throws Exception {
		return annotate(environment.ghidra().load(environment.programs().resolve(name)), name);
	}

	private Annotated annotate(Program program, String name) {
		Settings settings = environment.settings();
		settings.minimum = Confidence.GUESS;
		Annotated annotated = new Annotated(program).run(settings);
		System.out.println("       " + name + ": " + program.getLanguageID() + " " +
			program.getCompilerSpec().getCompilerSpecID() + ", " + annotated.summary);
		check(annotated.summary.get(Summary.Count.FUNCTIONS) > FEW, annotated.summary);
		equal(annotated.summary.get(Summary.Count.SKIPPED), 0);
		return annotated;
	}

	/** Every function's storage is the report's, too. */
	private void compared(Annotated annotated) throws Exception {
		ReportStorage.compare(annotated.program, environment).check(FEW / 2);
		done(annotated);
	}

	private void done(Annotated annotated) {
		environment.ghidra().close(annotated.program);
	}

	@Test
	void pe() throws Exception {
		Annotated pe = annotated("pe");
		equal(pe.places("main.divide"), "go_ret_int64_int64_int8@RCX:8,RBX:8,RAX:8 (long a1@RAX:8, long a2@RBX:8)");
		equal(pe.function("main.divide").getCallingConventionName(), "abi-internal");
		has(pe.decompile("main.sumOfDivision"), "main_divide(a1,a2)");
		compared(pe);
	}

	@Test
	void machO() throws Exception {
		Annotated macho = annotated("macho");
		equal(macho.places("main.length"), "long@RAX:8 (go_i64x2 a1@RBX:8,RAX:8)");
		equal(macho.function("main.length").getCallingConventionName(), "abi-internal");
		compared(macho);
	}

	@Test
	void positionIndependentAndRebased() throws Exception {
		Annotated pie = annotated("pie");
		equal(pie.places("main.length"), "long@RAX:8 (go_i64x2 a1@RBX:8,RAX:8)");
		Function length = pie.function("main.length");
		Ghidra.transaction(pie.program, () -> {
			pie.program.setImageBase(pie.program.getImageBase().add(0x7000000), true);
			length.setCallingConvention("abi0");
			length.setSignatureSource(SourceType.ANALYSIS);
			return null;
		});
		Settings settings = environment.settings();
		settings.minimum = Confidence.GUESS;
		pie.run(settings);
		equal(pie.summary.get(Summary.Count.APPLIED), 1);
		equal(pie.function("main.length").getCallingConventionName(), "abi-internal");
		done(pie);
	}

	/** Ghidra 10.3 has no Go specification for arm64, so both conventions are added. */
	@Test
	void arm64() throws Exception {
		Annotated arm64 = annotated("arm64");
		equal(arm64.summary.get(Summary.Count.CONVENTIONS), 2);
		Function area = arm64.function("main.(*square).area");
		equal(arm64.places("main.(*square).area"), "long@x0:8 (main_square * a1@x0:8, long a2@x1:8)");
		equal(area.getCallingConventionName(), "abi-internal");
		compared(arm64);
	}

	@Test
	void stackMachine() throws Exception {
		Annotated i386 = annotated("386");
		Function length = i386.function("main.length");
		equal(length.getParameter(0).getVariableStorage().toString(), "Stack[0x4]:8");
		equal(length.getReturn().getVariableStorage().toString(), "Stack[0xc]:4");
		equal(length.getCallingConventionName(), "abi0");
		compared(i386);
	}

	/** Debug information says how the results are mixed; no Ghidra holds a stack slot between registers. */
	@Test
	void resultsInRegistersAndOnTheStack() throws Exception {
		Annotated full = annotated("full");
		Function mixed = full.function("main.mixed");
		equal(mixed.getReturn().getVariableStorage().toString(), "RCX:8,RBX:8,RAX:8");
		check(mixed.getReturnType().getName().endsWith("_in_registers"), mixed.getReturnType());
		check(full.summary.get(Summary.Count.RESULTS_IN_COMMENT) >= 1, full.summary);
		check(mixed.getComment().contains("goabi: results in RAX, [SP+8]:16, RBX+RCX"), mixed.getComment());
		equal(full.places("main.length"), "long@RAX:8 (go_string name@RBX:8,RAX:8)");
		has(full.decompile("main.length"), "name.len", "name.str");
		compared(full);
	}

	@Test
	void cgo() throws Exception {
		Annotated cgo = annotated("cgo");
		Function back = cgo.function("main._Cfunc_back");
		equal(back.getParameter(0).getVariableStorage().toString(), "Stack[0x8]:4");
		equal(back.getReturn().getVariableStorage().toString(), "Stack[0x10]:8");
		equal(back.getCallingConventionName(), "abi0");
		equal(back.getRepeatableComment(), "goabi: results in [SP+8]:8");
		check(cgo.summary.get(Summary.Count.COMMENTS) > 0, cgo.summary);
		var bridge = cgo.function("runtime.cgocallbackg").getEntryPoint();
		equal(cgo.program.getBookmarkManager().getBookmark(bridge, "Analysis", "goabi").getComment(), "cgocallbackg");
		check(back.getTags().stream().anyMatch(tag -> tag.getName().equals("GO_ABI0")), back.getTags());
		compared(cgo);
	}

	/** Go 1.18 has `duffzero`, whose callers jump into the middle of it. */
	@Test
	void entriesInTheMiddle() throws Exception {
		Annotated old = annotated("go1.18");
		Function duffzero = old.function("runtime.duffzero");
		int called = 0;
		for (long at = 1; at < DUFFZERO; at++) {
			var inside = duffzero.getEntryPoint().add(at);
			Function inner = old.program.getFunctionManager().getFunctionAt(inside);
			equal(inner != null, old.program.getReferenceManager().hasReferencesTo(inside));
			if (inner != null) {
				called++;
				equal(inner.getName(), "runtime.duffzero+0x" + Long.toHexString(at));
				equal(inner.getCallingConventionName(), duffzero.getCallingConventionName());
				equal(inner.getParameter(0).getVariableStorage().toString(), "RDI:8");
				check(duffzero.getBody().getMaxAddress().compareTo(inside) < 0, duffzero.getBody());
			}
		}
		check(called > 0 && called <= old.summary.get(Summary.Count.ENTRIES), old.summary);
		done(old);
	}

	@Test
	void garbled() throws Exception {
		Annotated garbled = annotated("garbled");
		ReportStorage.compare(garbled.program, environment).check();
		done(garbled);
	}

	@Test
	void memoryWithoutItsFile() throws Exception {
		Path file = environment.programs().resolve("elf");
		Program program = environment.ghidra().load(file);
		Ghidra.transaction(program, () -> {
			program.setExecutablePath("/nowhere/elf");
			return null;
		});
		done(annotate(program, "without its file"));
	}

	/** A dump of memory has no format that goabi reads, and Ghidra keeps it as one block. */
	@Test
	void rawMemory() throws Exception {
		Program elf = environment.ghidra().load(environment.programs().resolve("elf"));
		var memory = elf.getMemory();
		long base = memory.getBlock(".text").getStart().getOffset() & ~0xffffL;
		byte[] bytes = new byte[(int) (memory.getBlock(".data").getEnd().getOffset() + 1 - base)];
		for (var block : memory.getBlocks()) {
			long at = block.getStart().getOffset() - base;
			if (block.isInitialized() && block.isLoaded() && at >= 0 && at + block.getSize() <= bytes.length) {
				block.getBytes(block.getStart(), bytes, (int) at, (int) block.getSize());
			}
		}
		environment.ghidra().close(elf);
		Path dump = java.nio.file.Files.write(java.nio.file.Files.createTempFile("goabi", ".dump"), bytes);
		Program program = environment.ghidra().loadRaw(dump, "x86:LE:64:default", "gcc");
		Ghidra.transaction(program, () -> {
			program.setImageBase(program.getImageBase().getNewAddress(base), true);
			return null;
		});
		Annotated raw = annotate(program, "a dump");
		equal(raw.places("main.length"), "long@RAX:8 (go_i64x2 a1@RBX:8,RAX:8)");
		equal(raw.places("main.divide"), "go_ret_int64_int64_int8@RCX:8,RBX:8,RAX:8 (long a1@RAX:8, long a2@RBX:8)");
		done(raw);
		java.nio.file.Files.delete(dump);
	}

	/** What was changed after loading counts when that is asked for: here, a function that returns at once. */
	@Test
	void memoryThatWasPatched() throws Exception {
		Annotated asLoaded = annotated("elf");
		long entry = asLoaded.function("main.divide").getEntryPoint().getOffset();
		int length = (int) asLoaded.function("main.divide").getBody().getNumAddresses();
		String three = asLoaded.places("main.divide");
		done(asLoaded);
		Program program = environment.ghidra().load(environment.programs().resolve("elf"));
		Ghidra.transaction(program, () -> {
			byte[] code = new byte[length];
			java.util.Arrays.fill(code, (byte) 0xcc);
			code[0] = (byte) 0xc3;
			program.getMemory().setBytes(program.getImageBase().getNewAddress(entry), code);
			return null;
		});
		Settings memory = environment.settings();
		memory.minimum = Confidence.GUESS;
		memory.fromMemory = true;
		Annotated patched = new Annotated(program).run(memory);
		check(patched.summary.get(Summary.Count.APPLIED) > FEW, patched.summary);
		check(!patched.places("main.divide").equals(three), three);
		memory.fromMemory = false;
		equal(patched.run(memory).places("main.divide"), three);
		done(patched);
	}
}
