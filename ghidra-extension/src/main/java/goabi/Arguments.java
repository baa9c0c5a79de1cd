package goabi;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** The arguments of the scripts: {@code --min-confidence guess --dry-run --result FILE …}. */
public final class Arguments {
	/** All arguments, for error messages and documentation. */
	public static final String USAGE = "[--min-confidence exact|likely|guess] [--override-imported] [--repair] " +
		"[--no-create] [--no-types] [--no-comments] [--no-call-sites] [--no-conventions] [--dry-run] " +
		"[--time-limit SECONDS] [--goabi PATH] [--result FILE]";

	private final Settings settings = new Settings();
	private Path result;

	/**
	 * @param arguments what the script was given
	 * @throws IllegalArgumentException with the usage, if they make no sense
	 */
	public Arguments(String... arguments) {
		Deque<String> open = new ArrayDeque<>(List.of(arguments));
		while (!open.isEmpty()) {
			take(open.pop(), open);
		}
	}

	private void take(String name, Deque<String> rest) {
		switch (name) {
			case "--override-imported" -> settings.overrideImported = true;
			case "--repair" -> settings.repairBoundaries = true;
			case "--no-create" -> settings.createFunctions = false;
			case "--no-types" -> settings.types = false;
			case "--no-comments" -> settings.comments = false;
			case "--no-call-sites" -> settings.callSites = false;
			case "--no-conventions" -> settings.conventions = false;
			case "--dry-run" -> settings.dryRun = true;
			case "--min-confidence" -> settings.minimum = level(value(name, rest));
			case "--time-limit" -> settings.timeLimit = Integer.parseInt(value(name, rest));
			case "--goabi" -> settings.program = value(name, rest);
			case "--result" -> {
				result = Path.of(value(name, rest));
				settings.details = true;
			}
			default -> throw new IllegalArgumentException(name + " is no argument; known are " + USAGE);
		}
	}

	private static Confidence level(String word) {
		return Confidence.valueOf(word.toUpperCase(Locale.ROOT));
	}

	private static String value(String name, Deque<String> rest) {
		if (rest.isEmpty()) {
			throw new IllegalArgumentException(name + " needs a value; arguments are " + USAGE);
		}
		return rest.pop();
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
