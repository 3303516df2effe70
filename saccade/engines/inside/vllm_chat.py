"""vLLM's OpenAI-compatible endpoint; not by its command line, which asks for a package of a name that CPUs have not."""

from tied import end_with_input

if __name__ == "__main__":
    end_with_input()
    from vllm.entrypoints.launchers.api_server.entry import main

    main()
