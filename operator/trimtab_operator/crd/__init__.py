"""From pydantic models to CustomResourceDefinitions. Nothing here is used while operating."""
