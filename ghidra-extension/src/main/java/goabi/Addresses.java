package goabi;

import java.util.Iterator;
import java.util.List;

import ghidra.program.model.address.Address;
import ghidra.program.model.address.AddressOutOfBoundsException;
import ghidra.program.model.listing.Program;
import ghidra.program.model.mem.MemoryBlock;

/** The file's addresses and the program's, which differ when the program is rebased. */
final class Addresses {
	/** Of a program's functions, so many per cent have to be in executable memory. */
	private static final int FITTING = 90;

	private final Program program;
	private final long shift;

	Addresses(Program program, FileAddress imageBase) {
		this.program = program;
		this.shift = program.getImageBase().getOffset() - imageBase.value();
	}

	/** The program's address, or null if there is no such address. */
	Address of(FileAddress address) {
		try {
			return program.getAddressFactory().getDefaultAddressSpace().getAddress(address.value() + shift);
		}
		catch (AddressOutOfBoundsException e) {
			return null;
		}
	}

	/** Refuses a plan whose functions are not where the program has code. */
	void check(List<Plan.Function> functions) throws CoreException {
		long code = functions.stream().filter(f -> isCode(of(f.entry))).count();
		if (code * 100 < functions.size() * (long) FITTING) {
			throw new CoreException("only " + code + " of " + functions.size() +
				" functions are in code at the program's image base; it was changed, or other memory was loaded");
		}
	}

	boolean isCode(Address address) {
		MemoryBlock block = address == null ? null : program.getMemory().getBlock(address);
		return block != null && block.isInitialized() && block.isExecute();
	}

	/** Addresses of a list that exist. */
	Iterator<Address> all(List<FileAddress> list) {
		return list.stream().map(this::of).filter(java.util.Objects::nonNull).iterator();
	}
}
