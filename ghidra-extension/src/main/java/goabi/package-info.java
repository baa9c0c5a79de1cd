/**
 * The Ghidra side of goabi: runs the {@code goabi} program, which reads the Go binary, and applies its plan.
 * Everything about Go is decided by that program; the classes here look up, compare and write.
 */
package goabi;
