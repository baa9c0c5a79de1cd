package goabi;

/** The goabi program gave no plan that can be applied; the message is one line for the user. */
public final class CoreException extends Exception {
	private static final long serialVersionUID = 1;

	/**
	 * @param message one line for the user
	 */
	public CoreException(String message) {
		super(message);
	}

	/**
	 * @param message one line for the user
	 * @param cause what went wrong
	 */
	public CoreException(String message, Throwable cause) {
		super(message, cause);
	}
}
