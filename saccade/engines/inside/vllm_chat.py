"""vLLM's own command line; ``serve MODEL`` is its OpenAI-compatible endpoint."""

from tied import end_with_input

if __name__ == "__main__":
    end_with_input()
    from vllm.entrypoints.cli.main import main

    main()
