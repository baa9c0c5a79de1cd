package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;

import ghidra.program.model.listing.Program;
import ghidra.util.exception.CancelledException;
import ghidra.util.task.TaskMonitor;
import ghidra.util.task.TaskMonitorAdapter;

/** The goabi program's ways to fail: one clear message each, and the program as it was. */
final class CoreTest {
	private static final String HEAD = "{\"schema\":\"goabi.ghidra-plan/1\",\"image_base\":\"0x400000\",\"pointer_size\":8";

	private final Tests.Environment environment;
	private final Path folder;
	private final Program program;

	CoreTest(Tests.Environment environment) throws Exception {
		this.environment = environment;
		folder = Files.createTempDirectory("goabi");
		program = environment.ghidra().load(environment.programs().resolve("elf"));
	}

	private Settings with(String script) throws Exception {
		Path path = Files.createTempFile(folder, "goabi", ".sh",
			PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
		Files.writeString(path, "#!/bin/sh\n" + script + "\n");
		Settings settings = environment.settings();
		settings.program = path.toString();
		return settings;
	}

	private void fails(Settings settings, String message) throws Exception {
		long before = program.getModificationNumber();
		try {
			new Annotator(program, settings, TaskMonitor.DUMMY).run();
		}
		catch (CoreException e) {
			equal(e.getMessage(), message);
			equal(program.getModificationNumber(), before);
			return;
		}
		throw new AssertionError("no failure");
	}

	@Test
	void aMissingProgramIsNamed() throws Exception {
		Settings settings = environment.settings();
		settings.program = "/nowhere/goabi";
		fails(settings, "there is no goabi program at /nowhere/goabi");
		settings.program = "";
		fails(settings, "the extension has no goabi program for " +
			ghidra.framework.Platform.CURRENT_PLATFORM.getDirectoryName() + "; name one in the options");
	}

	@Test
	void whatGoabiSaysOfAFailureIsSaid() throws Exception {
		fails(with("cat > /dev/null; echo 'goabi: (standard input): not a Go binary' >&2; exit 3"),
			"goabi: (standard input): not a Go binary");
		fails(with("exit 7"), "goabi ended with code 7");
		fails(with("cat > /dev/null; printf '%s' '" + HEAD + "'; kill -SEGV $$"), "goabi ended with code 139");
	}

	@Test
	void aDamagedAnswerIsRefused() throws Exception {
		String damaged = "goabi's answer is damaged: ";
		fails(with("cat > /dev/null; echo '" + HEAD + ",\"functions\":[{\"entry\":'"),
			damaged + "java.io.EOFException: End of input at line 2 column 1 path $.functions[0].entry");
		fails(with("cat > /dev/null; echo hello"),
			damaged + "Use JsonReader.setLenient(true) to accept malformed JSON at line 1 column 1 path $");
		fails(with("cat > /dev/null"), damaged + "End of input at line 1 column 1 path $");
		fails(with("cat > /dev/null; echo '" + HEAD + ",\"functions\":[{}]}'"), damaged + "a function is incomplete");
		fails(with("cat > /dev/null; echo '{\"schema\":\"goabi.ghidra-plan/1\"}'"),
			damaged + "it has no schema, image base or pointer size");
	}

	@Test
	void anotherFormIsRefusedBeforeItIsRead() throws Exception {
		fails(with("cat > /dev/null; echo '{\"schema\":\"goabi.ghidra-plan/2\",\"functions\":7}'"),
			"goabi answers in the form goabi.ghidra-plan/2; this extension reads goabi.ghidra-plan/1. " +
				"Use the goabi program that came with it");
	}

	@Test
	void anAnswerAboutOtherBytesIsRefused() throws Exception {
		fails(with("cat > /dev/null; echo '" + HEAD + ",\"sha256\":\"00\"}'"),
			"goabi's answer is about other bytes than it was given");
	}

	@Test
	void functionsThatAreNotInCodeAreRefused() throws Exception {
		fails(with("sum=$(sha256sum | cut -d' ' -f1); echo '" + HEAD + ",\"sha256\":\"'$sum'\",\"functions\":[" +
			"{\"entry\":\"0x10\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"}}]}'"),
			"only 0 of 1 functions are in code at the program's image base; it was changed, or other memory was loaded");
	}

	@Test
	void aSlowProgramIsStopped() throws Exception {
		Settings settings = with("exec sleep 60");
		settings.timeLimit = 1;
		fails(settings, "goabi took more than 1 seconds and was stopped");
	}

	@Test
	void cancelStopsTheProgram() throws Exception {
		Path pid = folder.resolve("pid");
		Settings settings = with("echo $$ > " + pid + "; exec sleep 60");
		TaskMonitor monitor = new TaskMonitorAdapter(true);
		Thread user = new Thread(() -> {
			while (!Files.exists(pid)) {
				Thread.onSpinWait();
			}
			monitor.cancel();
		});
		user.start();
		long before = program.getModificationNumber();
		long start = System.nanoTime();
		try {
			new Annotator(program, settings, monitor).run();
			throw new AssertionError("not cancelled");
		}
		catch (CancelledException e) {
			check(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start) < 20, "it took too long");
		}
		user.join();
		equal(program.getModificationNumber(), before);
		long number = Long.parseLong(Files.readString(pid).strip());
		check(ProcessHandle.of(number).filter(ProcessHandle::isAlive).isEmpty(), "it still runs");
	}

	@Test
	void theFileIsReadOnlyIfItIsTheSame() throws Exception {
		Path copy = Files.copy(environment.programs().resolve("elf"), folder.resolve("copy"));
		Program imported = environment.ghidra().load(copy);
		Files.writeString(copy, "something else");
		Plan plan = new Core(environment.settings(), TaskMonitor.DUMMY).analyse(imported);
		equal(plan.sha256, program.getExecutableSHA256());
		check(plan.functions.size() > 500, "few functions");
		environment.ghidra().close(imported);
	}

	@Test
	void partsOfAPlanThatAreMissingAreNoted() throws Exception {
		Plan plan = new PlanReader().read(new StringReader(HEAD + ",\"new_in_some_later_release\":{\"a\":[1]}}"));
		equal(plan.functions.size() + plan.types.size() + plan.callSites.size() + plan.marks.size(), 0);
	}

	@Test
	void argumentsOfTheScripts() throws Exception {
		Arguments arguments = new Arguments("min-confidence=guess", "dry-run", "result=/tmp/x");
		equal(arguments.settings().minimum, Confidence.GUESS);
		check(arguments.settings().dryRun && arguments.settings().details, "flags");
		try {
			new Arguments("frobnicate=1");
			throw new AssertionError("accepted");
		}
		catch (IllegalArgumentException e) {
			check(e.getMessage().startsWith("frobnicate=1 is no argument"), e.getMessage());
		}
	}
}
