"""A worker process: reads a job and then numbers of parts from its input, answers each with a line.

``python -m gampen_tf.simulation.worker``. A process of its own rather than `multiprocessing`: it needs no guarded
main module of the user's, starts no copy of what the parent has loaded (TensorFlow …), and ends with its parent,
however that ends, because its input does.
"""

import json
import os
import sys

__all__ = ["main"]


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # a stray print must not look like an answer
    from .parts import write_part

    job = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        number = json.loads(line)
        try:
            answer = {"part": number, "n_images": write_part(job, number)}
        except Exception as error:
            answer = {"part": number, "error": str(error), "type": type(error).__name__}
        try:
            answers.write(json.dumps(answer) + "\n")
        except BrokenPipeError:  # the parent has gone: nobody wants more
            os._exit(1)


if __name__ == "__main__":
    main()
