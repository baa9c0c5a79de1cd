package goabi;

import java.nio.file.Path;
import java.util.Locale;

/**
 * The arguments of the scripts: {@code min-confidence=guess dry-run result=FILE …}. They have no dashes, because
 * {@code analyzeHeadless} would take those for its own.
 */
public final class Arguments {
	/** All arguments, for error messages and documentation. */
	public static final String USAGE = "[min-confidence=exact|likely|guess] [override-imported] [repair] [no-create] " +
		"[no-types] [no-comments] [no-call-sites] [no-conventions] [from-memory] [dry-run] [time-limit=SECONDS] " +
		"[goabi=PATH] [result=FILE]";

	private final Settings settings = new Settings();
	private Path result;

	/**
	 * @param arguments what the script was given
	 * @throws IllegalArgumentException with the usage, if they make no sense
	 */
	public Arguments(String... arguments) {
		for (String argument : arguments) {
			String[] parts = argument.split("=", 2);
			if (parts.length == 2 ? !set(parts[0], parts[1]) : !flag(argument)) {
				throw new IllegalArgumentException(argument + " is no argument; known are " + USAGE);
			}
		}
	}

	private boolean flag(String name) {
		switch (name) {
			case "override-imported" -> settings.overrideImported = true;
			case "repair" -> settings.repairBoundaries = true;
			case "no-create" -> settings.createFunctions = false;
			case "no-types" -> settings.types = false;
			case "no-comments" -> settings.comments = false;
			case "no-call-sites" -> settings.callSites = false;
			case "no-conventions" -> settings.conventions = false;
			case "from-memory" -> settings.fromMemory = true;
			case "dry-run" -> settings.dryRun = true;
			default -> {
				return false;
			}
		}
		return true;
	}

	private boolean set(String name, String value) {
		switch (name) {
			case "min-confidence" -> settings.minimum = level(value);
			case "time-limit" -> settings.timeLimit = Integer.parseInt(value);
			case "goabi" -> settings.program = value;
			case "result" -> {
				result = Path.of(value);
				settings.details = true;
			}
			default -> {
				return false;
			}
		}
		return true;
	}

	private static Confidence level(String word) {
		return Confidence.valueOf(word.toUpperCase(Locale.ROOT));
	}

	/** @return what to do */
	public Settings settings() {
		return settings;
	}

	/** @return where the result goes as JSON, or null */
	public Path result() {
		return result;
	}
}
