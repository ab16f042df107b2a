"""Checks what is deployed to Azure: the templates, the deployment package and, after a deployment, the connection."""
