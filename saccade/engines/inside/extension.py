"""What vLLM's workers learn from us: to cut ids out of the logits, and three things that vLLM 0.32 does wrong.

A worker imports this file before it builds its model, because `Barred` is its extension; importing it mends the first two.

    the base of a vision tower's rotary positions: 10000 for every checkpoint there, whatever its configuration says
    seeded requests on a CPU: what a prompt's part draws is thrown away, and taking its dice back needs a GPU's generator
    new weights under a head that is tied to the embeddings: on a CPU it goes on with the copy it packed at the start
"""

import copy
from typing import Any

import numpy as np
from vllm.model_executor.models import qwen2_5_vl, qwen3_vl
from vllm.platforms import current_platform
from vllm.v1.worker.gpu_model_runner import GPUModelRunner

USUAL_BASE = 10000.0


class Barred:
    """What a worker has beside its own methods."""

    def bar(self, ids: list[int], known: int | None) -> int:
        """Cut ids out of the logits for good, and all from `known` on. Returns how many are named."""
        model = self.get_model()  # type: ignore[attr-defined]
        language = model.get_language_model()
        self.tied = language.lm_head.weight.data_ptr() == language.model.embed_tokens.weight.data_ptr()
        compute = model.compute_logits

        def barred(*args: Any, **options: Any) -> Any:
            logits = compute(*args, **options)
            if logits is not None:
                logits[:, [each for each in ids if each < logits.shape[-1]]] = float("-inf")
                if known is not None:
                    logits[:, known:] = float("-inf")
            return logits

        model.compute_logits = barred
        return len(ids)

    def tie(self) -> bool:
        """Tie the head to the embeddings again, after weights were read. Returns whether it is tied."""
        language = self.get_model().get_language_model()  # type: ignore[attr-defined]
        if self.tied:
            head = language.lm_head.tie_weights(language.model.embed_tokens)
            head.quant_method.process_weights_after_loading(head)
        return self.tied


def turn_by_own_base(tower: type) -> None:
    """Have towers of this class turned by the base of their configuration."""
    build = tower.__init__

    def built(self: Any, vision_config: Any, *args: Any, **options: Any) -> None:
        build(self, vision_config, *args, **options)
        base = (getattr(vision_config, "rope_parameters", None) or {}).get("rope_theta", USUAL_BASE)
        if base != USUAL_BASE:
            rope = self.rotary_pos_emb = copy.deepcopy(self.rotary_pos_emb)  # vLLM shares those with equal settings
            rope.base = base
            rope.cos_sin_cache = rope._compute_cos_sin_cache().to(rope.cos_sin_cache)

    tower.__init__ = built


def keep_dice_of_the_unread(runner: type) -> None:
    """Have requests whose prompt is not read whole draw from the common dice: their own are not touched, nor taken back."""
    sample = runner.sample_tokens

    def sampled(self: Any, *args: Any, **options: Any) -> Any:
        dice = self.input_batch.generators
        unread = np.flatnonzero(self.discard_request_mask.np[: self.input_batch.num_reqs]).tolist()
        aside = {row: dice.pop(row) for row in unread if row in dice}
        try:
            return sample(self, *args, **options)
        finally:
            dice.update(aside)

    runner.sample_tokens = sampled


turn_by_own_base(qwen2_5_vl.Qwen2_5_VisionTransformer)
turn_by_own_base(qwen3_vl.Qwen3_VisionTransformer)
if current_platform.is_cpu():
    keep_dice_of_the_unread(GPUModelRunner)
