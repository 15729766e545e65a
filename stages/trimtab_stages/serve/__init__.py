"""The model server: Open Inference Protocol v2 over ONNX Runtime, following a serving plan.

`oip` is the pure codec, `http` the wire, `model` loads and runs graphs, `plan` follows the
mounted plan, `observe` leaves panes, captured rows, decision records and feedback in the store.
"""
