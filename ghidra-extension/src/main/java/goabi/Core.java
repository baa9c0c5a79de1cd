package goabi;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import ghidra.framework.Application;
import ghidra.framework.OperatingSystem;
import ghidra.framework.Platform;
import ghidra.program.model.listing.Program;
import ghidra.util.exception.CancelledException;
import ghidra.util.task.TaskMonitor;

/** Runs the goabi program: bytes in, plan out. It is a process of its own, so nothing it does can harm Ghidra. */
final class Core {
	/** The extension's name, which is its module's name too. */
	private static final String MODULE = "goabi";
	private static final int MOST_ERROR_TEXT = 1 << 16;
	private static final int GRACE_SECONDS = 2;
	private static final int POLL_MILLISECONDS = 100;
	private static final Map<String, String> GO_ARCH =
		Map.of("x86:LE:64", "amd64", "x86:LE:32", "386", "AARCH64:LE:64", "arm64");

	private final Settings settings;
	private final TaskMonitor monitor;
	private final AtomicBoolean late = new AtomicBoolean();

	Core(Settings settings, TaskMonitor monitor) {
		this.settings = settings;
		this.monitor = monitor;
	}

	/** Analyses a program; the program itself is only read. */
	Plan analyse(Program program) throws CoreException, CancelledException {
		monitor.checkCancelled();
		try (Input input = Input.of(program, settings)) {
			List<String> command = command(program);
			command.addAll(input.arguments());
			return run(command, input);
		}
	}

	private Plan run(List<String> command, Input input) throws CoreException, CancelledException {
		Process process;
		try {
			process = new ProcessBuilder(command).start();
		}
		catch (IOException e) {
			throw new CoreException("goabi can't be started: " + e.getMessage(), e);
		}
		try {
			return converse(process, input);
		}
		finally {
			process.destroyForcibly();
		}
	}

	private List<String> command(Program program) throws CoreException {
		List<String> command = new ArrayList<>(List.of(executable().getPath(), "annotate", "-", "--format",
			"ghidra-plan", "--min-confidence", settings.minimum.word()));
		String arch = goArch(program);
		if (arch != null) {
			command.addAll(List.of("--arch", arch));
		}
		return command;
	}

	/** Go's name of a program's machine, or null if the extension knows none. */
	static String goArch(Program program) {
		String language = program.getLanguageID().getIdAsString();
		return GO_ARCH.keySet().stream().filter(language::startsWith).map(GO_ARCH::get).findFirst().orElse(null);
	}

	private File executable() throws CoreException {
		if (!settings.program.isEmpty()) {
			return runnable(new File(settings.program));
		}
		boolean windows = Platform.CURRENT_PLATFORM.getOperatingSystem() == OperatingSystem.WINDOWS;
		try {
			return runnable(Application.getOSFile(MODULE, windows ? "goabi.exe" : "goabi"));
		}
		catch (FileNotFoundException e) {
			throw new CoreException("the extension has no goabi program for " +
				Platform.CURRENT_PLATFORM.getDirectoryName() + "; name one in the options", e);
		}
	}

	private static File runnable(File file) throws CoreException {
		if (!file.isFile()) {
			throw new CoreException("there is no goabi program at " + file);
		}
		if (!file.canExecute() && !file.setExecutable(true)) { // unzipped without its mode
			throw new CoreException("may not be executed: " + file);
		}
		return file;
	}

	private Plan converse(Process process, Input input) throws CoreException, CancelledException {
		monitor.setMessage("goabi: reading the Go program");
		CompletableFuture<Void> watch = CompletableFuture.runAsync(() -> watch(process));
		CompletableFuture<String> sent = CompletableFuture.supplyAsync(() -> send(process, input));
		CompletableFuture<String> errors = CompletableFuture.supplyAsync(() -> errors(process));
		Plan plan = null;
		CoreException damaged = null;
		try (InputStreamReader from = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)) {
			plan = new PlanReader().read(from);
		}
		catch (CoreException e) {
			damaged = e;
		}
		catch (IOException e) {
			damaged = new CoreException("goabi's answer can't be read: " + e.getMessage(), e);
		}
		boolean stopped = damaged != null && !endsSoon(process);
		watch.join();
		monitor.checkCancelled();
		judge(process, errors.join(), damaged, stopped);
		return same(plan, sent.join());
	}

	/** A program that crashed has a better reason than its half answer; one that goes on is stopped. */
	private static boolean endsSoon(Process process) {
		try {
			if (process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
				return true;
			}
		}
		catch (InterruptedException e) {
			Thread.currentThread().interrupt();
		}
		process.destroyForcibly();
		return false;
	}

	/** Ends the process when the user cancels, or when its time is over. */
	private void watch(Process process) {
		long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(settings.timeLimit);
		try {
			while (!process.waitFor(POLL_MILLISECONDS, TimeUnit.MILLISECONDS)) {
				late.compareAndSet(false, System.nanoTime() > deadline);
				if (late.get() || monitor.isCancelled()) {
					process.destroyForcibly();
				}
			}
		}
		catch (InterruptedException e) {
			process.destroyForcibly();
		}
	}

	private static String send(Process process, Input input) {
		try (var to = process.getOutputStream()) {
			return input.writeTo(to);
		}
		catch (IOException | java.io.UncheckedIOException e) {
			return ""; // it stopped reading, and says why
		}
	}

	private static String errors(Process process) {
		try (var from = process.getErrorStream()) {
			String text = new String(from.readNBytes(MOST_ERROR_TEXT), StandardCharsets.UTF_8);
			from.transferTo(OutputStream.nullOutputStream());
			return text;
		}
		catch (IOException e) {
			return "";
		}
	}

	private void judge(Process process, String errors, CoreException damaged, boolean stopped) throws CoreException {
		if (late.get()) {
			throw new CoreException("goabi took more than " + settings.timeLimit + " seconds and was stopped");
		}
		if (!stopped && process.exitValue() != 0) {
			String last = errors.lines().reduce((first, second) -> second).orElse("");
			throw new CoreException(last.isEmpty() ? "goabi ended with code " + process.exitValue() : last);
		}
		if (damaged != null) {
			throw damaged;
		}
	}

	private static Plan same(Plan plan, String sent) throws CoreException {
		if (!plan.sha256.equalsIgnoreCase(sent)) {
			throw new CoreException("goabi's answer is about other bytes than it was given");
		}
		return plan;
	}
}
