"""Gradio's theme in our colours; page.css does the rest."""

import gradio as gr
from gradio.themes.utils.colors import Color

_PINE = Color(
    name="pine", c50="#eef8f5", c100="#d6efe8", c200="#aeded2", c300="#7cc7b6", c400="#47a996", c500="#1f8a78",
    c600="#0f7264", c700="#0d5c51", c800="#0d4a42", c900="#0b3d37", c950="#062521",
)  # fmt: skip
_SANS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "PingFang SC",
    "Noto Sans CJK SC",
    "Microsoft YaHei",
    "sans-serif",
)
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """One accent colour on warm greys, fonts of the system (nothing is fetched from elsewhere)."""
    base = gr.themes.Base(
        primary_hue=_PINE, neutral_hue="stone", radius_size="lg", font=_SANS, font_mono=_MONO
    )
    return base.set(
        body_background_fill="var(--eg-page)",
        body_background_fill_dark="var(--eg-page)",
        body_text_color="var(--eg-ink)",
        body_text_color_dark="var(--eg-ink)",
        background_fill_primary="var(--eg-panel)",
        background_fill_primary_dark="var(--eg-panel)",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_padding="0px",
        block_label_text_color="var(--eg-ink)",
        block_title_text_color="var(--eg-ink)",
        block_title_text_color_dark="var(--eg-ink)",
        block_title_text_weight="500",
        block_title_text_size="14px",
        block_info_text_color="var(--eg-quiet)",
        block_info_text_color_dark="var(--eg-quiet)",
        block_info_text_size="13px",
        panel_background_fill="transparent",
        panel_background_fill_dark="transparent",
        input_background_fill="var(--eg-field)",
        input_background_fill_dark="var(--eg-field)",
        input_border_color="var(--eg-line)",
        input_border_color_dark="var(--eg-line)",
        input_border_color_focus="var(--eg-accent)",
        input_border_color_focus_dark="var(--eg-accent)",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_shadow="none",
        input_shadow_focus="none",
        input_text_size="15px",
        border_color_primary="var(--eg-line)",
        border_color_primary_dark="var(--eg-line)",
        slider_color="var(--eg-accent)",
        slider_color_dark="var(--eg-accent)",
        button_primary_background_fill="var(--eg-accent)",
        button_primary_background_fill_dark="var(--eg-accent)",
        button_primary_background_fill_hover="var(--eg-accent-strong)",
        button_primary_background_fill_hover_dark="var(--eg-accent-strong)",
        button_primary_text_color="var(--eg-on-accent)",
        button_primary_text_color_dark="var(--eg-on-accent)",
        button_secondary_background_fill="var(--eg-panel)",
        button_secondary_background_fill_dark="var(--eg-panel)",
        button_secondary_border_color="var(--eg-line)",
        button_secondary_border_color_dark="var(--eg-line)",
        button_secondary_text_color="var(--eg-ink)",
        button_secondary_text_color_dark="var(--eg-ink)",
    )
