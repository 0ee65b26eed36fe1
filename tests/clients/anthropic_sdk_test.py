"""Programs written with the Anthropic SDK do not notice kt."""
import sdk

sdk.main("anthropic")
