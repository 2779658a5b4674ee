"""llama.cpp through ctypes: the only package of `rag` that touches the library.

Nothing in it may be used from two threads; the main thread of a worker process owns it all. ctypes releases the GIL
during every call, so other threads of the process go on.
"""
