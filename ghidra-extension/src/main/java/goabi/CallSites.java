package goabi;

import java.util.Iterator;
import java.util.List;

import ghidra.program.model.address.Address;
import ghidra.program.model.data.DataType;
import ghidra.program.model.data.FunctionDefinitionDataType;
import ghidra.program.model.data.ParameterDefinition;
import ghidra.program.model.data.ParameterDefinitionImpl;
import ghidra.program.model.data.VoidDataType;
import ghidra.program.model.listing.Function;
import ghidra.program.model.listing.Instruction;
import ghidra.program.model.listing.Program;
import ghidra.program.model.pcode.HighFunction;
import ghidra.program.model.pcode.HighFunctionDBUtil;
import ghidra.program.model.symbol.Namespace;
import ghidra.program.model.symbol.RefType;
import ghidra.program.model.symbol.Reference;
import ghidra.program.model.symbol.ReferenceManager;
import ghidra.program.model.symbol.SourceType;
import ghidra.program.model.symbol.Symbol;
import ghidra.util.exception.InvalidInputException;

/** What is known of a call: whom it reaches, and what it passes. */
final class CallSites {
	/** References that an indirect call with many targets gets. */
	private static final int MOST_TARGETS = 32;

	private final Program program;
	private final Addresses addresses;
	private final DataTypes types;
	private final Conventions conventions;
	private final Comments comments;
	private final Summary summary;

	CallSites(Program program, Addresses addresses, DataTypes types, Conventions conventions, Comments comments,
			Summary summary) {
		this.program = program;
		this.addresses = addresses;
		this.types = types;
		this.conventions = conventions;
		this.comments = comments;
		this.summary = summary;
	}

	void apply(Plan.CallSite site) {
		Address at = addresses.of(site.at);
		Instruction call = at == null ? null : program.getListing().getInstructionAt(at);
		boolean goes = call != null && (call.getFlowType().isCall() || call.getFlowType().isJump());
		boolean onlyComment = site.signature == null && site.targets.isEmpty() && !site.comment.isEmpty();
		if (!goes && (call == null || !onlyComment)) {
			summary.note("there is no call at 0x" + Long.toHexString(site.at.value()));
			return;
		}
		comments.before(at, site.comment); // of system calls too, which go nowhere for Ghidra
		if (goes && call.getFlowType().isComputed()) {
			references(call, site);
			if (site.targets.size() != 1) {
				override(at, site);
			}
		}
	}

	/** One known target makes the call a direct one, with that function's own signature. */
	private void references(Instruction call, Plan.CallSite site) {
		boolean only = site.targets.size() == 1 && call.getFlowType().isCall();
		RefType type = only ? RefType.CALL_OVERRIDE_UNCONDITIONAL : call.getFlowType();
		int count = 0;
		for (Iterator<Address> all = addresses.all(site.targets); all.hasNext() && count < MOST_TARGETS; count++) {
			reference(call.getAddress(), all.next(), type, only);
		}
	}

	private void reference(Address from, Address to, RefType type, boolean primary) {
		ReferenceManager references = program.getReferenceManager();
		for (Reference known : references.getReferencesFrom(from)) {
			boolean same = known.getToAddress().equals(to);
			boolean users = known.getSource() == SourceType.USER_DEFINED && known.getReferenceType().isCall();
			if (users || (same && (!primary || known.getReferenceType() == type))) {
				return;
			}
		}
		Reference added = references.addMemoryReference(from, to, type, SourceType.ANALYSIS, Reference.MNEMONIC);
		if (primary) {
			references.setPrimary(added, true);
		}
		summary.count(Summary.Count.REFERENCES);
	}

	private void override(Address at, Plan.CallSite site) {
		Function caller = program.getFunctionManager().getFunctionContaining(at);
		if (site.signature == null || caller == null || hasOverride(caller, at)) {
			return;
		}
		String convention = conventions.first(List.of(site.signature.convention));
		if (convention == null) {
			return;
		}
		try {
			HighFunctionDBUtil.writeOverride(caller, at, definition(site.signature, convention));
			summary.count(Summary.Count.CALL_SITES);
		}
		catch (InvalidInputException e) {
			summary.note("the call at " + at + " keeps its signature: " + e.getMessage());
		}
	}

	/** Somebody's, or ours of an earlier run; either stays. */
	private boolean hasOverride(Function caller, Address at) {
		Namespace space = HighFunction.findOverrideSpace(caller);
		if (space == null) {
			return false;
		}
		for (Symbol symbol : program.getSymbolTable().getSymbols(space)) {
			if (symbol.getAddress().equals(at)) {
				return true;
			}
		}
		return false;
	}

	private FunctionDefinitionDataType definition(Plan.Override signature, String convention)
			throws InvalidInputException {
		FunctionDefinitionDataType definition = new FunctionDefinitionDataType("call", program.getDataTypeManager());
		definition.setCallingConvention(convention);
		definition.setReturnType(signature.ret == null ? VoidDataType.dataType : types.get(signature.ret));
		definition.setArguments(signature.params.stream().map(this::parameter).toArray(ParameterDefinition[]::new));
		return definition;
	}

	private ParameterDefinition parameter(Plan.Word word) {
		DataType type = types.get(word);
		return new ParameterDefinitionImpl(word.name.isEmpty() ? null : word.name, type, null);
	}
}
