package goabi;

import static goabi.Tests.check;
import static goabi.Tests.equal;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/** The script as headless users run it, and the zip that they install. */
final class HeadlessTest {
	private final Tests.Environment environment;

	HeadlessTest(Tests.Environment environment) {
		this.environment = environment;
	}

	private static int run(ProcessBuilder builder, Path log) throws Exception {
		return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start().waitFor();
	}

	/** The one command line that a page has, without the program's name. */
	private List<String> documented(String page) throws Exception {
		String text = Files.readString(environment.root().resolve(page));
		Matcher found = Pattern.compile("^ {4}analyzeHeadless (.*)$|`analyzeHeadless ([^`\n]+)`", Pattern.MULTILINE).matcher(text);
		check(found.find(), page + " has no command");
		return List.of((found.group(1) != null ? found.group(1) : found.group(2)).split(" "));
	}

	/** What the pages say, where the words in it that stand for something are what they stand for here. */
	@Test
	void theDocumentationsCommandRuns() throws Exception {
		List<String> words = documented("docs/start/ghidra.md");
		List<String> shorter = documented("docs/ghidra.md").stream().map(word -> Map.of("DIR", "PROJECTS", "FILE", "sample").getOrDefault(word, word)).toList();
		equal(shorter, words);
		runDocumented(words);
	}

	private void runDocumented(List<String> words) throws Exception {
		Path folder = Files.createTempDirectory("goabi");
		Path result = folder.resolve("result.json");
		String elf = environment.programs().resolve("elf").toString();
		Map<String, String> meant = Map.of("PROJECTS", folder.toString(), "NAME", "project", "sample", elf, "result=result.json",
			"result=" + result);
		// Installed, the extension knows where its script and its goabi are.
		Path scripts = environment.root().resolve("ghidra-extension/ghidra_scripts");
		List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"),
			"-Djava.awt.headless=true", "-Duser.home=" + System.getProperty("user.home"), "-cp",
			System.getProperty("java.class.path"), "ghidra.JarRun"));
		words.forEach(word -> command.add(meant.getOrDefault(word, word)));
		command.addAll(List.of("goabi=" + environment.goabi(), "-scriptPath", scripts.toString(), "-noanalysis"));
		Path log = folder.resolve("log");
		run(new ProcessBuilder(command), log);
		check(Files.exists(result), Files.readString(log));
		JsonObject json = JsonParser.parseString(Files.readString(result)).getAsJsonObject();
		equal(json.get("schema").getAsString(), Summary.SCHEMA);
		JsonObject counts = json.getAsJsonObject("counts");
		equal(json.getAsJsonArray("functions").size(), counts.get("functions").getAsInt());
		check(counts.get("applied").getAsInt() > 1000, counts);
		check(Files.readString(log).contains("functions annotated"), "no summary");
	}

	@Test
	void aBatchKeepsAProjectAndAResultForEachProgram() throws Exception {
		Path folder = Files.createTempDirectory("goabi");
		Path support = Files.createDirectories(folder.resolve("ghidra/support"));
		Path headless = support.resolve("analyzeHeadless");
		String java = ProcessHandle.current().info().command().orElse("java");
		Files.writeString(headless, "#!/bin/sh\nexec '" + java + "' -Djava.awt.headless=true '-Duser.home=" +
			System.getProperty("user.home") + "' -cp '" + System.getProperty("java.class.path") +
			"' ghidra.JarRun \"$@\" -noanalysis -scriptPath '" +
			environment.root().resolve("ghidra-extension/ghidra_scripts") + "'\n");
		check(headless.toFile().setExecutable(true), headless);
		Path out = folder.resolve("out");
		Path log = folder.resolve("log");
		ProcessBuilder batch = new ProcessBuilder(environment.goabi().toString(), "batch",
			environment.programs().resolve("elf").toString(), "-o", out.toString(), "--with", "ghidra", "--ghidra",
			folder.resolve("ghidra").toString());
		int code = run(batch, log);
		check(code == 0, Files.readString(log));
		JsonObject row = JsonParser.parseString(Files.readString(out.resolve("summary.jsonl"))).getAsJsonObject();
		check(row.getAsJsonObject("hosts").has("ghidra"), row);
		Path kept = out.resolve("ghidra").resolve(row.get("sha256").getAsString());
		JsonObject json = JsonParser.parseString(Files.readString(kept.resolve("result.json"))).getAsJsonObject();
		check(json.getAsJsonObject("counts").get("applied").getAsInt() > 1000, json);
		check(Files.isDirectory(kept.resolve("goabi.rep")), "no project");
	}

	@Test
	void theZipHasWhatGhidraInstalls() throws Exception {
		Path folder = Files.createTempDirectory("goabi");
		ProcessBuilder make = new ProcessBuilder(environment.root().resolve("scripts/package").toString(), "ghidra", "-o",
			folder.toString(), "--ghidra", "11.4.2", "--goabi", "linux_x86_64=" + environment.goabi());
		Path log = folder.resolve("log");
		equal(run(make, log), 0);
		File zip = new File(Files.readString(log).strip());
		check(zip.getName().matches("ghidra_11\\.4\\.2_PUBLIC_\\d{8}_goabi\\.zip"), zip);
		List<String> names = new ArrayList<>();
		try (ZipFile file = new ZipFile(zip)) {
			for (ZipArchiveEntry entry : Collections.list(file.getEntries())) {
				names.add(entry.getName());
				boolean program = entry.getName().startsWith("goabi/os/");
				equal(Integer.toOctalString(entry.getUnixMode() & 0777), program ? "755" : "644");
			}
			var properties = file.getInputStream(file.getEntry("goabi/extension.properties"));
			String text = new String(properties.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
			check(text.startsWith("name=goabi\n") && text.contains("\nversion=11.4.2\n"), text);
		}
		equal(names, List.of("goabi/LICENSE-APACHE", "goabi/LICENSE-MIT", "goabi/Module.manifest", "goabi/README.md",
			"goabi/extension.properties", "goabi/ghidra_scripts/AnnotateGo.java",
			"goabi/ghidra_scripts/AnnotateGoFunction.java", "goabi/lib/goabi-src.zip", "goabi/lib/goabi.jar",
			"goabi/os/linux_x86_64/goabi"));
	}
}
