package goabi;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import ghidra.program.model.data.Array;
import ghidra.program.model.data.DataType;
import ghidra.program.model.data.DataTypeComponent;
import ghidra.program.model.data.Structure;
import ghidra.program.model.data.TypeDef;

/** Which bytes of a type are no padding. */
final class Covered {
	private Covered() {
	}

	/** Removes what belongs to padding. */
	static void keep(DataType type, Map<Integer, String> bytes) {
		Set<Integer> covered = new TreeSet<>();
		add(type, 0, covered);
		bytes.keySet().retainAll(covered);
	}

	private static void add(DataType type, int at, Set<Integer> covered) {
		if (type instanceof TypeDef typedef) {
			add(typedef.getBaseDataType(), at, covered);
		}
		else if (type instanceof Structure structure) {
			for (DataTypeComponent member : structure.getDefinedComponents()) {
				add(member.getDataType(), at + member.getOffset(), covered);
			}
		}
		else if (type instanceof Array array) {
			for (int i = 0; i < array.getNumElements(); i++) {
				add(array.getDataType(), at + i * array.getElementLength(), covered);
			}
		}
		else {
			for (int i = 0; i < type.getLength(); i++) {
				covered.add(at + i);
			}
		}
	}
}
