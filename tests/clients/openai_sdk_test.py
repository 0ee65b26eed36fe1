"""Programs written with the OpenAI SDK do not notice kt."""
import sdk

sdk.main("openai")
