package goabi;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

import ghidra.program.database.mem.FileBytes;
import ghidra.program.model.listing.Program;

/** The bytes that a program was made from: the file if it is still the same, or else what Ghidra kept of it. */
final class InputBytes implements Input {
	/** Parts of the names of formats that goabi reads, as Ghidra's loaders call them. */
	private static final List<String> FORMATS = List.of("(ELF)", "(PE)", "Mach-O");
	private static final int CHUNK = 1 << 20;

	private final Path file;
	private final FileBytes kept;

	private InputBytes(Path file, FileBytes kept) {
		this.file = file;
		this.kept = kept;
	}

	/** Whether there are bytes of a file of a kind that goabi reads. */
	static boolean isThere(Program program) {
		String format = program.getExecutableFormat();
		boolean known = format == null || FORMATS.stream().anyMatch(format::contains);
		return known && (!program.getMemory().getAllFileBytes().isEmpty() || sameFile(program).isPresent());
	}

	static InputBytes of(Program program) throws CoreException {
		Optional<Path> file = sameFile(program);
		if (file.isPresent()) {
			return new InputBytes(file.get(), null);
		}
		Optional<FileBytes> largest =
			program.getMemory().getAllFileBytes().stream().max(Comparator.comparingLong(FileBytes::getSize));
		return new InputBytes(null, largest.orElseThrow(
			() -> new CoreException("the program has no file bytes and its file is not there; import it again")));
	}

	private static Optional<Path> sameFile(Program program) {
		String digest = program.getExecutableSHA256();
		String path = program.getExecutablePath();
		if (digest == null || digest.isEmpty() || path == null || path.isEmpty()) {
			return Optional.empty();
		}
		try {
			Path file = new java.io.File(path).toPath();
			return Files.isRegularFile(file) && digest.equalsIgnoreCase(digest(file)) ? Optional.of(file)
					: Optional.empty();
		}
		catch (IOException | RuntimeException e) {
			return Optional.empty(); // unreadable is as good as gone
		}
	}

	private static String digest(Path file) throws IOException {
		try (InputStream in = Files.newInputStream(file)) {
			return copy(in, OutputStream.nullOutputStream());
		}
	}

	@Override
	public List<String> arguments() {
		return List.of();
	}

	@Override
	public void close() {
		// nothing is open
	}

	@Override
	public String writeTo(OutputStream out) throws IOException {
		try (InputStream in = file != null ? Files.newInputStream(file) : keptBytes()) {
			return copy(in, out);
		}
	}

	private static String copy(InputStream from, OutputStream out) throws IOException {
		try {
			DigestInputStream in = new DigestInputStream(from, MessageDigest.getInstance("SHA-256"));
			in.transferTo(out);
			return HexFormat.of().formatHex(in.getMessageDigest().digest());
		}
		catch (NoSuchAlgorithmException e) {
			throw new IllegalStateException(e); // every Java has it
		}
	}

	private InputStream keptBytes() {
		return new SequenceInputStream(new java.util.Enumeration<InputStream>() {
			private long at;

			@Override
			public boolean hasMoreElements() {
				return at < kept.getSize();
			}

			@Override
			public InputStream nextElement() {
				byte[] chunk = new byte[(int) Math.min(CHUNK, kept.getSize() - at)];
				try {
					kept.getOriginalBytes(at, chunk);
				}
				catch (IOException e) {
					throw new java.io.UncheckedIOException(e);
				}
				at += chunk.length;
				return new ByteArrayInputStream(chunk);
			}
		});
	}
}
