package goabi;

import com.google.gson.annotations.SerializedName;

/** How sure a claim is, least first. */
public enum Confidence {
	/** Nothing is claimed. */
	@SerializedName("unknown")
	UNKNOWN,
	/** Below 98 % right. */
	@SerializedName("guess")
	GUESS,
	/** At least 98 % right. */
	@SerializedName("likely")
	LIKELY,
	/** No heuristic is in it. */
	@SerializedName("exact")
	EXACT;

	/** @return the word that the goabi program takes */
	public String word() {
		return name().toLowerCase(java.util.Locale.ROOT);
	}
}
