package goabi;

import java.util.List;

import ghidra.program.model.address.Address;
import ghidra.program.model.lang.Register;
import ghidra.program.model.listing.Program;
import ghidra.program.model.listing.VariableStorage;
import ghidra.program.model.pcode.Varnode;
import ghidra.util.exception.InvalidInputException;

/** The plan's places as Ghidra's storage. */
final class Storage {
	private final Program program;

	Storage(Program program) {
		this.program = program;
	}

	/**
	 * The storage of a value.
	 *
	 * @throws InvalidInputException if this Ghidra can't express it
	 */
	VariableStorage of(List<Plan.Node> nodes) throws InvalidInputException {
		Varnode[] varnodes = new Varnode[nodes.size()];
		for (int i = 0; i < varnodes.length; i++) {
			Plan.Node node = nodes.get(i);
			varnodes[i] = new Varnode(node.reg == null ? stack(node.stack) : register(node), node.size);
		}
		return new VariableStorage(program, varnodes);
	}

	private Address stack(long offset) throws InvalidInputException {
		try {
			return program.getAddressFactory().getStackSpace().getAddress(offset);
		}
		catch (RuntimeException e) {
			throw new InvalidInputException("no stack offset: " + offset);
		}
	}

	/** Where a register's lowest bytes are. */
	private Address register(Plan.Node node) throws InvalidInputException {
		Register register = program.getRegister(node.reg);
		if (register == null || node.size > register.getMinimumByteSize()) {
			throw new InvalidInputException("no register of that size: " + node.reg);
		}
		int unused = register.isBigEndian() ? register.getMinimumByteSize() - node.size : 0;
		return register.getAddress().add(unused);
	}
}
