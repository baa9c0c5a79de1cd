package goabi;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import ghidra.program.model.data.*;
import ghidra.program.model.listing.Program;
import ghidra.util.exception.CancelledException;
import ghidra.util.task.TaskMonitor;

/**
 * The plan's types as Ghidra's. Structures have explicit offsets, because Ghidra's packing follows the compiler
 * specification, not Go. A type of ours that is there already is kept as it is: somebody may have improved it.
 */
final class DataTypes {
	static final CategoryPath OURS = new CategoryPath("/golang/goabi");
	private static final CategoryPath GHIDRAS = new CategoryPath("/golang");
	/** Names that are tried when somebody else's type has ours. */
	private static final int MOST_NAMES = 100;
	/** Pointers to pointers that are followed. */
	private static final int MOST_STARS = 3;

	private final DataTypeManager manager;
	private final int pointerSize;
	private final Settings settings;
	private final Summary summary;
	private final Map<Integer, Plan.Type> plans = new HashMap<>();
	private final Map<Integer, DataType> made = new HashMap<>();

	DataTypes(Program program, Plan plan, Settings settings, Summary summary) {
		this.manager = program.getDataTypeManager();
		this.pointerSize = plan.pointerSize;
		this.settings = settings;
		this.summary = summary;
		plan.types.forEach(type -> plans.put(type.id, type));
	}

	/** Makes all structures: first empty ones, so that they can refer to each other, then their members. */
	void makeAll(TaskMonitor monitor) throws CancelledException {
		if (!settings.types || settings.dryRun) {
			return;
		}
		Map<Structure, Plan.Type> empty = new LinkedHashMap<>();
		for (Plan.Type type : plans.values()) {
			monitor.checkCancelled();
			if (type.kind == Plan.Kind.STRUCT && type.size > 0 && type.size <= Integer.MAX_VALUE) {
				Structure structure = structure(type.name, type.goName, (int) type.size, type.members);
				made.put(type.id, structure);
				if (!isFilled(structure)) {
					empty.put(structure, type);
				}
			}
		}
		for (Map.Entry<Structure, Plan.Type> entry : empty.entrySet()) {
			monitor.checkCancelled();
			fill(entry.getKey(), entry.getValue().members);
		}
	}

	/** The type with that id; a pointer to nothing known for null. */
	DataType get(Integer id, long size) {
		if (id == null) {
			return pointer(null);
		}
		if (!settings.types) {
			return shapeless((int) size);
		}
		DataType known = made.get(id);
		if (known == null) {
			known = build(plans.get(id), size);
			made.put(id, known);
		}
		return known;
	}

	/** The structure that holds a part of a tuple. */
	DataType get(Plan.Partial partial) {
		if (!settings.types || settings.dryRun) {
			return shapeless((int) partial.size);
		}
		Structure structure = structure(partial.name, "", (int) partial.size, partial.members);
		if (!isFilled(structure)) {
			fill(structure, partial.members);
		}
		return structure;
	}

	/** The type of one word of a call's signature. */
	DataType get(Plan.Word word) {
		if (word.type != null) {
			return get(word.type, word.size);
		}
		return word.kind == Plan.Kind.BYTES || word.kind == null ? shapeless(word.size)
				: number(word.kind, word.size);
	}

	/** A type of that many bytes that says nothing else. */
	DataType shapeless(int size) {
		if (size <= 8 && size > 0) {
			return Undefined.getUndefinedDataType(size);
		}
		StructureDataType bytes = new StructureDataType(OURS, "bytes_" + size, size, manager);
		return settings.dryRun ? bytes : manager.resolve(bytes, DataTypeConflictHandler.KEEP_HANDLER);
	}

	private DataType build(Plan.Type type, long size) {
		if (type == null) {
			return shapeless((int) size);
		}
		return switch (type.kind) {
			case POINTER -> pointer(type.elem);
			case STRUCT -> shapeless((int) type.size); // in a dry run, or too large
			case VOID -> VoidDataType.dataType;
			default -> named(type);
		};
	}

	private DataType named(Plan.Type type) {
		DataType number = number(type.kind, (int) type.size);
		if (type.name.isEmpty()) {
			return number;
		}
		DataType known = manager.getDataType(OURS, type.name);
		if (known instanceof TypeDef && known.getLength() == number.getLength()) {
			return known;
		}
		TypedefDataType typedef = new TypedefDataType(OURS, type.name, number, manager);
		return settings.dryRun ? typedef : manager.resolve(typedef, DataTypeConflictHandler.KEEP_HANDLER);
	}

	private DataType number(Plan.Kind kind, int size) {
		return switch (kind) {
			case BOOL -> BooleanDataType.dataType;
			case INT -> AbstractIntegerDataType.getSignedDataType(size, manager);
			case UINT -> AbstractIntegerDataType.getUnsignedDataType(size, manager);
			case FLOAT -> AbstractFloatDataType.getFloatDataType(size, manager);
			case POINTER -> pointer(null);
			default -> shapeless(size);
		};
	}

	/** Deep chains of pointers end at `void *`, as nobody declares such. */
	private DataType pointer(Integer elem) {
		return pointer(elem, MOST_STARS);
	}

	private DataType pointer(Integer elem, int stars) {
		Plan.Type type = elem == null || stars == 0 ? null : plans.get(elem);
		DataType target = type == null ? null : switch (type.kind) {
			case STRUCT -> made.get(elem);
			case POINTER -> pointer(type.elem, stars - 1);
			default -> get(elem, type.size);
		};
		DataType pointed = target == null ? VoidDataType.dataType : target;
		boolean usual = pointerSize == manager.getDataOrganization().getPointerSize();
		return usual ? new PointerDataType(pointed, manager) : new PointerDataType(pointed, pointerSize, manager);
	}

	/** A structure of that name and size: ours if it is there, Ghidra's if it has the same members, or a new one. */
	private Structure structure(String name, String goName, int size, List<Plan.Member> members) {
		String candidate = name;
		for (int n = 2; n < MOST_NAMES; n++) {
			DataType known = manager.getDataType(OURS, candidate);
			if (known instanceof Structure structure && structure.getLength() == size) {
				summary.count(Summary.Count.TYPES_REUSED);
				return structure;
			}
			if (known == null) {
				break;
			}
			candidate = name + "_" + n;
		}
		Structure theirs = ghidras(goName, size, members);
		if (theirs != null) {
			summary.count(Summary.Count.TYPES_REUSED);
			return theirs;
		}
		summary.count(Summary.Count.TYPES);
		StructureDataType empty = new StructureDataType(OURS, candidate, size, manager);
		if (!goName.isEmpty()) {
			empty.setDescription(goName);
		}
		return (Structure) manager.addDataType(empty, DataTypeConflictHandler.KEEP_HANDLER);
	}

	/** A type of Ghidra's own Go analyzer by that Go name, if its members have the same places. */
	private Structure ghidras(String goName, int size, List<Plan.Member> members) {
		List<DataType> found = new ArrayList<>();
		if (!goName.isEmpty()) {
			manager.findDataTypes(goName, found);
		}
		for (DataType type : found) {
			CategoryPath path = type.getCategoryPath();
			boolean inGolang = path.isAncestorOrSelf(GHIDRAS) || GHIDRAS.isAncestorOrSelf(path);
			if (type instanceof Structure structure && inGolang && !path.equals(OURS) &&
				structure.getLength() == size && sameMembers(structure, members)) {
				return structure;
			}
		}
		return null;
	}

	private static boolean sameMembers(Structure structure, List<Plan.Member> members) {
		DataTypeComponent[] defined = structure.getDefinedComponents();
		List<Plan.Member> sized = members.stream().filter(member -> member.size > 0).toList();
		if (defined.length != sized.size()) {
			return false;
		}
		for (int i = 0; i < defined.length; i++) {
			if (defined[i].getOffset() != sized.get(i).offset || defined[i].getLength() != sized.get(i).size) {
				return false;
			}
		}
		return true;
	}

	private static boolean isFilled(Structure structure) {
		return structure.getNumDefinedComponents() > 0;
	}

	private void fill(Structure structure, List<Plan.Member> members) {
		StructureDataType filled = new StructureDataType(structure.getCategoryPath(), structure.getName(),
			structure.getLength(), manager);
		filled.setDescription(structure.getDescription());
		for (Plan.Member member : members) {
			DataType type = member(member);
			boolean fits = member.offset + member.size <= structure.getLength();
			if (type != null && fits && type.getLength() == member.size) {
				filled.replaceAtOffset((int) member.offset, type, (int) member.size, member.name, null);
			}
		}
		structure.replaceWith(filled);
	}

	/** A member's type; null for one that stays undefined bytes. */
	private DataType member(Plan.Member member) {
		if (member.size == 0 || member.size > Integer.MAX_VALUE) {
			return null;
		}
		return switch (member.kind) {
			case POINTER -> pointer(member.type);
			case TYPE -> get(member.type, member.size);
			case ARRAY -> array(get(member.type, 0), member);
			case BYTES -> new ArrayDataType(Undefined1DataType.dataType, (int) member.size, 1, manager);
			default -> number(member.kind, (int) member.size);
		};
	}


	private DataType array(DataType elem, Plan.Member member) {
		long len = member.len == null ? 0 : member.len;
		boolean whole = elem.getLength() > 0 && len > 0 && elem.getLength() * len == member.size;
		return whole ? new ArrayDataType(elem, (int) len, elem.getLength(), manager) : null;
	}
}
