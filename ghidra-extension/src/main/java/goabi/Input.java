package goabi;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

import ghidra.program.model.listing.Program;

/** What goabi is given of a program: a file as it was loaded, or memory. */
interface Input extends AutoCloseable {
	/**
	 * The file if goabi can read its kind, or else the memory.
	 *
	 * @throws CoreException if there is neither
	 */
	static Input of(Program program, Settings settings) throws CoreException {
		return settings.fromMemory || !InputBytes.isThere(program) ? new InputMemory(program) : InputBytes.of(program);
	}

	/** Further arguments of {@code goabi annotate}. */
	List<String> arguments() throws CoreException;

	/** Writes all bytes, and returns the SHA-256 in hex that goabi will say they have. */
	String writeTo(OutputStream out) throws IOException;

	@Override
	void close();
}
