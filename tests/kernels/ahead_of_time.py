"""Run as a process of its own: compiles the kernels for Hopper without a GPU and prints what they need, as JSON.

The signature and the hints are those that a launch through `kernels.raymarch` gives: every pointer from torch's
allocator is a multiple of 16 bytes.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from kernels.raymarch import CHUNK, SKY_DEPTH_M, TILE
from kernels.raymarch_triton import raymarch_tile

CUOBJDUMP = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
POINTERS = {
    "frame_floats": "fp32", "frame_ints": "i32", "solid_floats": "fp32", "solid_ints": "i32", "rectangles": "i32",
    "sprites": "u8", "heights": "fp32", "ground_material": "u8", "ground_instance": "i32", "ridges": "fp32",
    "ridge_material": "u8", "material_out": "u8", "instance_out": "i32", "depth_out": "fp32", "position_out": "fp32",
    "normal_out": "fp32", "uv_out": "fp32", "flow_out": "fp32",
}  # fmt: skip
CONSTANTS = {"SKY_DEPTH": SKY_DEPTH_M, "RIDGE_SAMPLES": 720, "TILE_H": TILE[0], "TILE_W": TILE[1], "CHUNK": CHUNK}


def raymarch_needs() -> dict[str, object]:
    names = raymarch_tile.arg_names
    signature = {name: "constexpr" if name in CONSTANTS else "i32" for name in names}
    signature |= {name: f"*{kind}" for name, kind in POINTERS.items()}
    aligned = {(names.index(name),): [["tt.divisibility", 16]] for name in POINTERS}
    source = ASTSource(raymarch_tile, signature, CONSTANTS, aligned)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": 1})
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / "raymarch.cubin"
        cubin.write_bytes(compiled.asm["cubin"])
        usage = _cuobjdump("--dump-resource-usage", cubin)
        code = _cuobjdump("-sass", cubin)
    used = {name: int(value) for name, value in re.findall(r"(REG|STACK|LOCAL):(\d+)", usage)}
    return {
        "target": re.findall(r"\.target (\S+)", compiled.asm["ptx"])[0],
        "registers": used["REG"],
        "stack_bytes": used["STACK"],
        "spilled_bytes": used["LOCAL"],
        "shared_bytes": compiled.metadata.shared,
        "double_instructions": len(re.findall(r"\bD(?:ADD|MUL|FMA|SETP)\b", code)),
        "barriers": len(re.findall(r"\bBAR\.", code)),
    }


def _cuobjdump(option: str, cubin: Path) -> str:
    return subprocess.run([CUOBJDUMP, option, cubin], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    print(json.dumps({"raymarch": raymarch_needs()}))
