"""Streamlit's theme options for the light and the dark theme."""

ACCENT, ACCENT_ON_DARK = "#1f6f78", "#6cc3c9"

THEME: dict[str, object] = {
    "theme.baseRadius": "0.6rem",
    "theme.baseFontSize": 16,
    "theme.headingFontWeights": [650, 650, 600, 600, 600, 600],
    "theme.headingFontSizes": ["1.9rem", "1.4rem", "1.15rem", "1.05rem", "1rem", "1rem"],
    "theme.showSidebarBorder": True,
    "theme.light.primaryColor": ACCENT,
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f2f5f5",
    "theme.light.textColor": "#22303a",
    "theme.light.borderColor": "#dde4e6",
    "theme.light.sidebar.backgroundColor": "#f7f9f9",
    "theme.light.sidebar.secondaryBackgroundColor": "#ffffff",
    "theme.dark.primaryColor": ACCENT_ON_DARK,
    "theme.dark.backgroundColor": "#14191d",
    "theme.dark.secondaryBackgroundColor": "#1f272c",
    "theme.dark.textColor": "#e6ecee",
    "theme.dark.borderColor": "#33404a",
    "theme.dark.sidebar.backgroundColor": "#191f24",
    "theme.dark.sidebar.secondaryBackgroundColor": "#232c32",
}
