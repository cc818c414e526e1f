"""From the files of public benchmarks to tasks: one module a benchmark."""
