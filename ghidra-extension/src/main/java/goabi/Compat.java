package goabi;

import java.lang.reflect.Field;
import java.lang.reflect.Method;

import ghidra.program.model.address.Address;
import ghidra.program.model.listing.Listing;

/** Everything that differs between the releases of Ghidra that the extension runs in (10.3 to 12.x). */
final class Compat {
	/** {@code CodeUnit.PRE_COMMENT}, an int that the enum {@code CommentType} replaced in 11.4. */
	private static final int PRE_COMMENT = 1;

	private Compat() {
	}

	/** The comment before an instruction, or null. */
	static String preComment(Listing listing, Address at) {
		return (String) call(listing, "getComment", preCommentType(), at);
	}

	/** Sets the comment before an instruction. */
	static void setPreComment(Listing listing, Address at, String text) {
		Object type = preCommentType();
		try {
			method("setComment", Address.class, parameter(type), String.class).invoke(listing, at, type, text);
		}
		catch (ReflectiveOperationException e) {
			throw new IllegalStateException("this Ghidra sets comments in another way", e);
		}
	}

	private static Object call(Listing listing, String name, Object type, Address at) {
		try {
			return method(name, parameter(type), Address.class).invoke(listing, type, at);
		}
		catch (ReflectiveOperationException e) {
			throw new IllegalStateException("this Ghidra has no comments by that name", e);
		}
	}

	private static Method method(String name, Class<?>... types) throws NoSuchMethodException {
		return Listing.class.getMethod(name, types);
	}

	private static Class<?> parameter(Object type) {
		return type instanceof Integer ? int.class : type.getClass();
	}

	private static Object preCommentType() {
		try {
			Field pre = Class.forName("ghidra.program.model.listing.CommentType").getField("PRE");
			return pre.get(null);
		}
		catch (ReflectiveOperationException e) {
			return PRE_COMMENT;
		}
	}
}
