"""What the owner has set is wrong: a setting, a variable, the policy file."""

from reencodarr.errors.base import Category, ReencodarrError


class SettingsError(ReencodarrError):
    """Raised when a setting or environment variable is unknown or has a wrong value."""

    category = Category.CONFIGURATION
    code = "settings"


class PolicyError(ReencodarrError):
    """Raised when a policy file cannot be used; the message names the file and the line."""

    category = Category.CONFIGURATION
    code = "policy"
