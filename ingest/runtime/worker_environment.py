"""The environment variables of worker processes: what a program needs to run here, and no secrets. Pure."""

import re
from collections.abc import Mapping

NAMES = frozenset(
    {
        "HOME",
        "LANG",
        "LANGUAGE",
        "LOGNAME",
        "PATH",
        "SHELL",
        "TEMP",
        "TERM",
        "TMP",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
    }
    | {"XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "SYSTEMROOT"}
)
"""What programs and Python ask for. Settings of Pincite itself reach a worker through its pipe."""
PREFIXES = (
    *("LC_", "LD_", "DYLD_", "PYTHON", "MALLOC_", "COVERAGE_", "ASAN_"),
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "ORT_"),  # threads
    *(
        "CUDA_",
        "NVIDIA_",
        "HIP_",
        "HSA_",
        "ROCR_",
        "ROCM_",
        "AMD_",
        "GPU_",
        "ONEAPI_",
        "ZE_",
        "SYCL_",
        "VK_",
    ),  # devices
    *("GGML_", "LLAMA_", "TORCH", "PYTORCH_", "HF_", "TRANSFORMERS_", "SENTENCE_TRANSFORMERS_", "TOKENIZERS_"),
)
SECRET = re.compile(r"KEY|TOKEN(?!IZERS)|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH", re.IGNORECASE)
"""`HF_TOKEN` has a prefix that is needed."""


def select_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a worker inherits.

    It reads files and loads models that may take it over; what it does not have, it cannot give away. A list of what is
    needed, because the names of secrets are anything (`DATABASE_URL`).
    """
    return {
        name: value
        for name, value in environment.items()
        if (name in NAMES or name.startswith(PREFIXES)) and not SECRET.search(name)
    }
