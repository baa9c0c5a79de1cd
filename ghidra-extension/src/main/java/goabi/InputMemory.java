package goabi;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

import ghidra.program.model.listing.Program;
import ghidra.program.model.mem.MemoryAccessException;
import ghidra.program.model.mem.MemoryBlock;

/** The memory of a program: of dumps, of raw binaries, and where it was changed after loading. */
final class InputMemory implements Input {
	private static final int CHUNK = 1 << 20;
	/** Of no bytes: memory has no file, and so no digest. */
	private static final String NO_FILE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

	private final Program program;
	private final List<MemoryBlock> blocks;
	private Path manifest;

	InputMemory(Program program) throws CoreException {
		this.program = program;
		var space = program.getAddressFactory().getDefaultAddressSpace();
		blocks = Arrays.stream(program.getMemory().getBlocks())
				.filter(block -> block.isLoaded() && !block.isOverlay() && block.getStart().getAddressSpace().equals(space))
				.filter(block -> !MemoryBlock.EXTERNAL_BLOCK_NAME.equals(block.getName()))
				.toList();
		if (blocks.stream().noneMatch(MemoryBlock::isInitialized)) {
			throw new CoreException("the program has no memory with contents; import its file again");
		}
	}

	@Override
	public List<String> arguments() throws CoreException {
		String arch = Core.goArch(program);
		if (arch == null) {
			throw new CoreException("goabi does not read the memory of this processor: " + program.getLanguageID());
		}
		try {
			manifest = Files.createTempFile("goabi", ".json");
			Files.writeString(manifest, manifest(arch).toString());
			return List.of("--segments", manifest.toString());
		}
		catch (IOException e) {
			throw new CoreException("no temporary file: " + e.getMessage(), e);
		}
	}

	/** In the form that {@code --segments} reads. All contents come one behind the other. */
	private JsonObject manifest(String arch) {
		JsonObject whole = new JsonObject();
		whole.addProperty("arch", arch);
		whole.addProperty("base", "0x" + Long.toHexString(program.getImageBase().getOffset()));
		long end = blocks.stream().filter(MemoryBlock::isInitialized).mapToLong(MemoryBlock::getSize).sum();
		long offset = 0;
		JsonArray segments = new JsonArray();
		for (MemoryBlock block : blocks) {
			JsonObject row = new JsonObject();
			row.addProperty("addr", "0x" + Long.toHexString(block.getStart().getOffset()));
			row.addProperty("size", block.getSize());
			row.addProperty("offset", block.isInitialized() ? offset : end);
			row.addProperty("perms", (block.isRead() ? "r" : "") + (block.isWrite() ? "w" : "") + (block.isExecute() ? "x" : ""));
			segments.add(row);
			offset += block.isInitialized() ? block.getSize() : 0;
		}
		whole.add("segments", segments);
		return whole;
	}

	@Override
	public String writeTo(OutputStream out) throws IOException {
		for (MemoryBlock block : blocks) {
			if (block.isInitialized()) {
				write(block, out);
			}
		}
		return NO_FILE;
	}

	private static void write(MemoryBlock block, OutputStream out) throws IOException {
		byte[] chunk = new byte[CHUNK];
		for (long at = 0; at < block.getSize(); at += CHUNK) {
			int length = (int) Math.min(CHUNK, block.getSize() - at);
			try {
				block.getBytes(block.getStart().add(at), chunk, 0, length);
			}
			catch (MemoryAccessException e) {
				Arrays.fill(chunk, (byte) 0); // such as the rest of a bit-mapped block
			}
			out.write(chunk, 0, length);
		}
	}

	@Override
	public void close() {
		try {
			if (manifest != null) {
				Files.deleteIfExists(manifest);
			}
		}
		catch (IOException e) {
			manifest.toFile().deleteOnExit();
		}
	}
}
