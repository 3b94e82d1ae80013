"""The shipped models as one graph each, from a waveform to their answers, for programs without Python.

The graphs are written from the same checkpoints but say again, in operations that ONNX and TorchScript have, what
`voice_frames`, `projection`, `gmm` and `tcae` compute; `checking` holds both to the same answers.
"""
