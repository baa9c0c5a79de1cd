package goabi;

import java.io.IOException;

import com.google.gson.JsonParseException;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;

/**
 * An address as the file has it.
 *
 * @param value the address, unsigned
 */
record FileAddress(long value) {

	/** Reads {@code "0x47f0a0"}. */
	static final class Adapter extends TypeAdapter<FileAddress> {
		@Override
		public FileAddress read(JsonReader in) throws IOException {
			String text = in.nextString();
			if (!text.startsWith("0x")) {
				throw new JsonParseException("not an address: " + text);
			}
			try {
				return new FileAddress(Long.parseUnsignedLong(text.substring(2), 16));
			}
			catch (NumberFormatException e) {
				throw new JsonParseException("not an address: " + text, e);
			}
		}

		@Override
		public void write(JsonWriter out, FileAddress address) throws IOException {
			out.value("0x" + Long.toHexString(address.value));
		}
	}
}
